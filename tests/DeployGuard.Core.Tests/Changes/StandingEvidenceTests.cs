using DeployGuard.Core.Approvals;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>Signed evidence of the last request, as MISSING and the condition Approved count it until the next one.</summary>
public class StandingEvidenceTests
{
    private static readonly string s_ran = Deployment(Running).Read().Template.Hash;

    [Test]
    public void ASignedReviewFillsItsSeat()
    {
        var open = Open(Always(), Stated.Change().ReviewedBy("github:2002"));

        Assert.That(open.Missing, Is.EqualTo("nothing: retry by dana"));
        Assert.That(open.ApprovedBecause.Message, Does.StartWith("github:2002 (signed review, key forge, statement "));
        Assert.That(open.ApprovedBecause.Reason, Is.EqualTo("SignedReview"));
    }

    [Test]
    public void AHumanChangeLacksNothingWhereOnlyAiIsApproved()
    {
        var open = Open(Human(), Stated.Change());

        Assert.That(open.IsApproved, Is.True);
        Assert.That(open.ApprovedBecause, Is.EqualTo(("NotRequired", SignedBacking.HumanBasis(Human().Name))));
    }

    [Test]
    public void WithoutAReviewTheApprovalIsMissing() =>
        Assert.That(Open(Always(), Stated.Change()).Missing, Is.EqualTo("senior-engineers 0/1"));

    [Test]
    public void AVoteAndASignedReviewFillTheQuorumTogether()
    {
        var two = Always() with { Approval = Rules(Always()) with { Quorum = [new QuorumLine(["senior-engineers"], 2)] } };
        var statement = Stated.Change().ReviewedBy("github:2002");

        Assert.That(Open(two, statement).Missing, Does.StartWith("senior-engineers 1/2"));
        var both = Open(two, statement, votes: [Some.ApprovalOf(Deployment(New), Some.Alice)]);
        Assert.That(both.IsApproved, Is.True);
        Assert.That(both.ApprovedBecause.Message, Does.StartWith("approved by alice; github:2002 (signed review"));
    }

    [Test]
    public void AnAuthorInTheForgeIsNoApproverBetweenRequests() =>
        Assert.That(
            Open(
                Always(),
                Stated.Change(),
                votes: [Some.ApprovalOf(Deployment(New), new Requester("dave", "", ["senior-engineers"]))]
            ).Missing,
            Does.StartWith("senior-engineers 0/1 (another approver is missing: dave ")
        );

    [TestCase("another template", 0)]
    [TestCase(null, 40)]
    public void ItRelaxesNothingOnceSomethingElseRunsOrItExpired(string? runs, int days) =>
        Assert.That(
            Open(Always(), Stated.Change().ReviewedBy("github:2002"), runs ?? s_ran, days, maxAge: TimeSpan.FromDays(90)).Missing,
            Is.EqualTo("senior-engineers 0/1")
        );

    [Test]
    public void ItRelaxesNothingOnceThePolicyTrustsItsKeyNoMore()
    {
        var keys = Always().SignedOrigin?.Keys ?? [];
        SafeguardPolicy With(Func<OriginKey, OriginKey?> change) =>
            Always() with
            {
                SignedOrigin = new SignedOrigin { Keys = [.. keys.Select(change).OfType<OriginKey>()] },
            };
        var statement = Stated.Change().ReviewedBy("github:2002");

        Assert.That(Open(With(k => k), statement).IsApproved, Is.True);
        Assert.That(Open(With(k => k.Name == "forge" ? null : k), statement).IsApproved, Is.False);
        Assert.That(Open(With(k => k with { NotAfter = Some.Now }), statement).IsApproved, Is.False);
    }

    [Test]
    public void ItRelaxesNothingOnceThePolicyAsksForMoreKeys()
    {
        var stricter = Always() with { SignedOrigin = Always().SignedOrigin is { } signed ? signed with { ReviewThreshold = 2 } : null };

        Assert.That(Open(stricter, Stated.Change().ReviewedBy("github:2002")).IsApproved, Is.False);
    }

    /// <param name="policy">As it is now; the request was decided under the same one with its keys.</param>
    private static OpenRequirements Open(
        SafeguardPolicy policy,
        ChangeStatement statement,
        string? runs = null,
        int days = 0,
        TimeSpan? maxAge = null,
        Approval[]? votes = null
    )
    {
        var asked = policy with { SignedOrigin = Always().SignedOrigin };
        var change = Some.Change(Deployment(New), Phase.Pending) with
        {
            Requesters = ["dana"],
            Policies = [policy.Name],
            Backing = Decide(asked, [Forge.Says(statement)]).Backing,
        };
        var now = policy with { Approval = Rules(policy) with { MaxAge = maxAge ?? Rules(policy).MaxAge } };
        return StandingRequirements.Of(change, [change], votes ?? [], [now], runs ?? s_ran, Some.Now.AddDays(days));
    }

    private static ApprovalRules Rules(SafeguardPolicy policy) => policy.Approval ?? throw new InvalidOperationException("no rules");
}
