using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>A two-party review of which a key of the role Vsa tells, where the policy counts it as a review.</summary>
public class TwoPartyApprovalTests
{
    private static readonly FoundAttestation[] s_agreed =
    [
        Forge.Says(Stated.Change()),
        Verifier.Says(Stated.TwoParty(Stated.Running), "running"),
        Verifier.Says(Stated.TwoParty(Stated.Head), "head"),
    ];

    [Test]
    public void ItFillsTheOnlySeatWhereThePolicySaysSo()
    {
        var verdict = Decide(Counting(Always()), s_agreed);

        Assert.That(verdict.IsAllowed, Is.True);
        Assert.That(verdict.Basis.Single(), Does.StartWith("two people in the forge (verification summary, key verifier, statement "));
        Assert.That(Decide(Always(), s_agreed).IsAllowed, Is.False, "Ignore is the default");
    }

    [Test]
    public void WhatIsMissingOfTheRangeIsNamed() =>
        Assert.That(
            Decide(Counting(Always()), [s_agreed[0], s_agreed[2]]).Denials.First().Finding.Message,
            Does.Contain($"no verification summary of {Stated.Running} that counts has SLSA_SOURCE_TWO_PARTY_REVIEWED")
        );

    [Test]
    public void ItIsAsOldAsTheSummary()
    {
        var old = Verifier.Says(Stated.TwoParty(Stated.Head, Some.Now.AddHours(-73)), "head");
        var verdict = Decide(Counting(Always()), [s_agreed[0], s_agreed[1], old]);

        Assert.That(
            verdict.Denials.First().Finding.Message,
            Does.Contain(
                $"Not counted: two-party review in the forge (of {Rfc3339.Show(Some.Now.AddHours(-73))}, older than approval.maxAge of the policy, "
                    + "72h; have the changes verified again)"
            )
        );
    }

    [Test]
    public void ItFillsNoneOfSeveralSeatsBecauseItNamesNobody()
    {
        var two = Counting(Always()) is { Approval: { } rules } policy
            ? policy with
            {
                Approval = rules with { Quorum = [new QuorumLine(["senior-engineers"], 2)] },
            }
            : throw new AssertionException("no approval");

        Assert.That(
            Decide(two, s_agreed).Denials.First().Finding.Message,
            Does.Contain("approvals 0 of 2")
                .And.Contain("two-party review in the forge (it names no person, and the quorum has several seats)")
        );
    }

    [Test]
    public void ItIsEnoughForAMachineBecauseOneOfTheTwoDidNotWriteTheChange() =>
        Assert.That(
            Decide(Counting(Always()), s_agreed, by: new Requester("system:serviceaccount:argocd:sync", "", [])).IsAllowed,
            Is.True
        );

    [Test]
    public void ItNeverSaysThatNoAiHadAPart()
    {
        var unknown = Forge.Says(Stated.Change(ai: AiStatus.Unknown));

        Assert.That(Decide(Human(), [unknown, s_agreed[1], s_agreed[2]]).IsAllowed, Is.False);
    }

    [Test]
    public void ALevelThatThePolicyListsAsksForAnApproval()
    {
        var level = Verifier.Says(Stated.Summary("ORG_SOURCE_AI_ASSISTED"), "level");
        var listed = With(Human(), s => s with { AiLevels = ["ORG_SOURCE_AI_ASSISTED"] });

        Assert.That(Decide(Human(), [s_agreed[0], level]).IsAllowed, Is.True);
        Assert.That(Decide(listed, [s_agreed[0], level]).Denials.First().Finding.Message, Does.StartWith("AI-assisted change"));
    }

    [Test]
    public void ItCountsBetweenRequestsUntilThePolicySaysOtherwise()
    {
        var policy = Counting(Always());
        var change = Some.Change(Deployment(New), Phase.Pending) with
        {
            Requesters = ["dana"],
            Policies = [policy.Name],
            Backing = Decide(policy, s_agreed).Backing,
        };

        Assert.That(Open(policy), Has.Property("IsApproved").True);
        Assert.That(Open(policy).ApprovedBecause.Message, Does.StartWith("two people in the forge"));
        Assert.That(Open(Always()).Missing, Is.EqualTo("senior-engineers 0/1"));

        OpenRequirements Open(SafeguardPolicy now) =>
            StandingRequirements.Of(change, [change], [], [now], Deployment(Running).Read().Template.Hash, Some.Now);
    }

    private static Verdict Decide(SafeguardPolicy policy, FoundAttestation[] found, Requester? by = null) =>
        SignedScene.Decide(policy, found, by: by);

    private static SafeguardPolicy Counting(SafeguardPolicy policy) =>
        With(policy, s => s with { TwoParty = TwoPartyReviews.CountsAsReview });

    private static SafeguardPolicy With(SafeguardPolicy policy, Func<SummaryRules, SummaryRules> change) =>
        policy with
        {
            SignedOrigin = policy.SignedOrigin is { } signed ? signed with { Summaries = change(signed.Summaries) } : null,
        };
}
