using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>What a Change waits for between two requests: the votes as they are now.</summary>
public class OpenRequirementsTests
{
    private static readonly System.Text.Json.Nodes.JsonObject s_deployment = Some.Deployment();
    private static readonly string s_hash = s_deployment.Read().Template.Hash;
    private static readonly Approval s_alice = Some.ApprovalOf(s_deployment, Some.Alice);

    [Test]
    public void WithoutVotesTheQuorumIsMissing() => Assert.That(Open().Missing, Is.EqualTo("senior-engineers 0/1"));

    [Test]
    public void OneVoteOfOneMakesItAdmissible()
    {
        var open = Open(s_alice);

        Assert.That((open.IsApproved, open.IsAdmissible, open.Missing), Is.EqualTo((true, true, OpenRequirements.Retry)));
        Assert.That(open.ApprovedBecause, Is.EqualTo(("Approved", "approved by alice")));
    }

    [Test]
    public void AnExpiredVoteIsMissingAgain() =>
        Assert.That(Open(s_alice with { CreatedAt = Some.Now.AddHours(-72) }).IsApproved, Is.False);

    [Test]
    public void AVetoOutweighsAnApproval()
    {
        var open = Open(s_alice, Some.ApprovalOf(s_deployment, Some.Carol, Decision.Reject) with { Reason = "too late" });

        Assert.That((open.IsApproved, open.Missing), Is.EqualTo((false, "rejected by carol")));
        Assert.That(open.ApprovedBecause, Is.EqualTo((OpenRequirements.RejectedCode, "carol rejected it: too late")));
    }

    [Test]
    public void WhatElseWasRefusedStaysMissingAfterTheApproval()
    {
        var change = s_change with { Denials = [new("tier-1", "ApprovalMissing"), new("tier-1", "ImageNotPinned")] };

        var open = Open(change, s_alice);

        Assert.That((open.IsApproved, open.IsAdmissible, open.Missing), Is.EqualTo((true, false, "ImageNotPinned")));
        Assert.That(open.AdmissibleBecause.Reason, Is.EqualTo("ImageNotPinned"));
    }

    [Test]
    public void ARequesterAndAnAuthorDoNotCount()
    {
        Assert.That(Open(s_change with { Requesters = ["dana", "alice"] }, s_alice).IsApproved, Is.False, "a requester");
        var authored = s_change with { Evidence = [new Evidence("annotation", "deployguard.io/authors", "Alice") { By = "dana" }] };
        Assert.That(Open(authored, s_alice).IsApproved, Is.False, "an author, in any casing");
        var byBob = authored with { Requesters = ["dana", "bob"], Evidence = [authored.Evidence[0] with { By = "bob" }] };
        Assert.That(Open(byBob, s_alice).IsApproved, "a claim of a later requester counts only for them");
    }

    [Test]
    public void WhoApprovedTheirOwnRequestIsToldThatAnotherPersonMust() =>
        Assert.That(
            Open(s_change with { Requesters = ["dana", "alice"] }, s_alice).Missing,
            Is.EqualTo("senior-engineers 0/1 (another approver is missing: alice requested or wrote it)")
        );

    [Test]
    public void APolicyThatDoesNotEnforceNowIsNotMissing()
    {
        var audits = Some.OneSenior with { Mode = Mode.Audit };
        var later = Some.OneSenior with { Active = new Window(From: Some.Now.AddHours(1)) };

        Assert.That(StandingVotes.Deciding(s_change, [audits, later], Some.Now), Is.Empty);
    }

    [TestCase(true, null, true)]
    [TestCase(true, "other", true, Description = "it matched the last request, by its labels before or after")]
    [TestCase(false, null, false, Description = "the workload does not exist yet")]
    [TestCase(false, "web", true)]
    [TestCase(false, "other", false)]
    public void APolicyByLabelsDecidesIfItMatchedOrMatchesNow(bool matchedRequest, string? app, bool expected)
    {
        var policy = Some.OneSenior with
        {
            Match = Some.Policy("""{"match": {"workloadSelector": {"matchLabels": {"app": "web"}}}}""").Match,
        };
        var change = s_change with { Policies = matchedRequest ? [policy.Name] : [] };
        var labels = app is null ? null : new Dictionary<string, string> { ["app"] = app };

        Assert.That(StandingVotes.Deciding(change, [policy], Some.Now, labels).Any(), Is.EqualTo(expected));
    }

    [Test]
    public void AMachineNeedsTwoPeopleUnderStrictSeparation()
    {
        var strict = Some.OneSenior with { Approval = Some.OneSenior.Approval! with { Separation = Separation.Strict } };
        var change = s_change with { Requesters = [Some.Machine.Username] };

        var tally = PolicyTally.All(change, [change], [s_alice], [strict], "", Some.Now).Single();

        Assert.That((tally.IsComplete, tally.Votes.Got, tally.Votes.Wanted), Is.EqualTo((false, 1, 2)));
        Assert.That(
            tally.Votes.Lines,
            Is.EqualTo("senior-engineers 1/2 (another approver is missing: two people must approve, because a machine is the requester)")
        );
    }

    [Test]
    public void AVoteSaysForWhatItCounts()
    {
        var bob = Some.ApprovalOf(s_deployment, Some.Bob) with { Name = "of-bob" };
        var tally = PolicyTally.All(s_change, [s_change], [s_alice, bob], [Some.OneSenior], "", Some.Now).Single();

        Assert.That(tally.Explain(s_alice), Is.EqualTo($"{Some.OneSenior.Name}: senior-engineers"));
        Assert.That(tally.Explain(bob), Is.EqualTo($"{Some.OneSenior.Name}: not counted (in none of the groups)"));
    }

    /// <summary>A refusal says until when, and what helps.</summary>
    [Test]
    public void AVoteThatDoesNotCountSaysWhatHelps()
    {
        var maxAge = Some.OneSenior.Approval!.MaxAge;
        var old = s_alice with { CreatedAt = Some.Now - maxAge - TimeSpan.FromHours(1) };
        var ended = s_alice with { CreatedAt = Some.Now.AddHours(-2), ExpiresAt = Some.Now.AddHours(-1) };
        var bob = Some.ApprovalOf(s_deployment, Some.Bob) with { Name = "of-bob" };
        string NotCounted(Approval vote) =>
            PolicyTally.All(s_change, [s_change], [vote], [Some.OneSenior], "", Some.Now).Single().Votes.NotCounted.Single();

        var end = Rfc3339.Show(Some.Now.AddHours(-1));
        Assert.Multiple(() =>
        {
            Assert.That(NotCounted(old), Is.EqualTo($"alice (expired at {end}, after approval.maxAge 72h; approve again)"));
            Assert.That(NotCounted(ended), Is.EqualTo($"alice (expired at {end}, as they set it; approve again)"));
            Assert.That(NotCounted(bob), Is.EqualTo("bob (in none of these groups; the platform team can put them into one)"));
        });
    }

    [Test]
    public void TheCodesOfVotesAreThoseOfTheReasons() =>
        Assert.That(
            (OpenRequirements.MissingCode, OpenRequirements.RejectedCode),
            Is.EqualTo((Reasons.ApprovalMissing.Code, Reasons.ApprovalRejected.Code))
        );

    private static readonly Change s_change = new()
    {
        Name = "deployment-web-1",
        Workload = s_deployment.Read().Ref,
        TemplateHash = s_hash,
        Phase = Phase.Pending,
        Requesters = ["dana"],
        Policies = [Some.OneSenior.Name],
        Denials = [new(Some.OneSenior.Name, "ApprovalMissing")],
    };

    private static OpenRequirements Open(params Approval[] votes) => Open(s_change, votes);

    private static OpenRequirements Open(Change change, params Approval[] votes) =>
        OpenRequirements.Of(PolicyTally.All(change, [change], votes, [Some.OneSenior], "", Some.Now), change.Denials);
}
