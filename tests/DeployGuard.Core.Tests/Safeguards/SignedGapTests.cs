using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Why signed evidence does not stand in for an approval: the first reason is the one that matters, and it says what helps.
/// </summary>
public class SignedGapTests
{
    private const string OfAi = "does not say whether AI had a part";

    [Test]
    public void WhereEveryChangeIsReviewedTheMissingReviewIsNamedAndNotAi() =>
        Assert.That(
            MessageOf(Always(), Stated.Change(ai: AiStatus.Unknown)),
            Does.Contain(
                    "Signed evidence does not stand in for it: its change statement has no review. Have the pull request reviewed by a human "
                        + "who did not write it, then attest again with --approvals"
                )
                .And.Not.Contain(OfAi)
        );

    [Test]
    public void AReviewThatDoesNotCountIsNamedWithItsReason() =>
        Assert.That(
            MessageOf(Always(), Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:1001")),
            Does.Contain("no review counts: the statement ").And.Contain("its approver is an author of the change").And.Not.Contain(OfAi)
        );

    [Test]
    public void AReviewerWithoutASeatIsNamedAlone() =>
        Assert.That(
            MessageOf(Always(), Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:9999")),
            Does.Contain("Not counted: github:9999 (not in identities of the policy; ask the platform team")
                .And.Not.Contain("Signed evidence does not")
                .And.Not.Contain(OfAi)
        );

    [Test]
    public void WhereOnlyAiIsReviewedTheUnknownPartOfAiIsNamed() =>
        Assert.That(MessageOf(Human(), Stated.Change(ai: AiStatus.Unknown)), Does.Contain(OfAi));

    [Test]
    public void AnAiAssistedChangeLacksAReviewAndNotTheWordThatThereWasNoAi() =>
        Assert.That(MessageOf(Human(), Stated.Change(ai: AiStatus.Assisted)), Does.Contain("its change statement has no review"));

    [Test]
    public void AnExpiredStatementIsTheReasonAndNotAMissingOne() =>
        Assert.That(
            MessageOf(Always(), Stated.Change() with { ExpiresAt = Some.Now.AddMinutes(-1) }),
            Does.Contain("See what StatementExpired says of the statement below").And.Not.Contain("Attest this digest")
        );

    [Test]
    public void ARemedyIsTheWholeCommandWithTheImage()
    {
        var verdict = Decide(Always(), [Forge.Says(Stated.Change(from: Stated.Between))]);
        var command = $"--complete --approvals FILE --key KEY --push --beside {New}";

        Assert.That(verdict.Denials.First().Finding.Message, Does.Contain(command));
        Assert.That(verdict.Denials.Last().Finding.Remedy, Does.EndWith(command));
    }

    [Test]
    public void StatementsOfOneKindAreCountedOnceEachAndNamedByDigestAndKey()
    {
        var (one, two) = (Stated.Change(ai: AiStatus.None), Stated.Change(ai: AiStatus.Unknown));
        var (first, second) = (Forge.Says(one with { ExpiresAt = Some.Now }), Forge.Says(two with { ExpiresAt = Some.Now }, "there"));

        var twice = Decide(Always(), [first, first with { Place = "there" }]).Denials.Last().Finding.Message;
        var both = Decide(Always(), [first, second]).Denials.Last().Finding.Message;

        Assert.That(twice, Does.Match("the statement [0-9a-f]{12} by forge at here and there expired").And.Not.Contain("more"));
        Assert.That(both, Does.EndWith(" (and 1 more statement of this kind)"));
    }

    [TestCase(-9, "Wait 1m, until ")]
    [TestCase(-11, "It is proven within a minute: wait, then ")]
    [TestCase(null, "Wait until it was available on all pods for 10m, then ")]
    public void WhatTimeProvesSaysUntilWhenToWait(int? minutes, string wait) =>
        Assert.That(
            Unproven(c => c with { AvailableSince = minutes is { } since ? Some.Now.AddMinutes(since) : null }),
            Does.Contain($"what runs now is not proven, so that the template cannot be compared with it. {wait}")
                .And.Contain("before that, this change needs an approval. Besides, ")
                .And.Contain(": not here")
        );

    [Test]
    public void ABreakGlassIsReviewedFirst() =>
        Assert.That(
            Unproven(c => c with { BreakGlassUses = [new BreakGlassUse("bg", "olga", Some.Now, null, true)] }),
            Does.Contain("It came in by a break-glass without a review. Have that reviewed first: kubectl deployguard approve ")
        );

    [Test]
    public void WhatNobodyAdmittedIsNotWaitedFor() =>
        Assert.That(
            Unproven(c => c with { Phase = Phase.Pending }),
            Does.Contain("No Change on record admitted it, and time does not prove it")
        );

    private static string MessageOf(SafeguardPolicy policy, ChangeStatement statement) =>
        Decide(policy, [Forge.Says(statement)]).Denials.First().Finding.Message;

    private static string Unproven(Func<Change, Change> running)
    {
        var policy = Always();
        var nothing = OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify([], KeySet.Of(Forge.Trusted)), Some.Now);
        var cluster = Cluster(
            policy,
            [new SignedFacts(policy.Name, [new SignedImage(New, nothing) { Note = "not here" }])],
            Phase.Completed
        );
        var verdict = Some.Decide(
            Some.Update(Deployment(Running), Deployment(New)),
            cluster with
            {
                Changes = [.. cluster.Changes.Select(running)],
            }
        );
        return verdict.Denials.First().Finding.Message;
    }
}
