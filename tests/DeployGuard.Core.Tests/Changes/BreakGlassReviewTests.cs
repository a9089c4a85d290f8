using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;

namespace DeployGuard.Core.Tests;

/// <summary>How long the review of a break-glass counts.</summary>
public class BreakGlassReviewTests
{
    private static readonly System.Text.Json.Nodes.JsonObject s_deployment = Some.Deployment();

    private static readonly Change s_reviewed = Some.Change(s_deployment, Phase.Proven) with
    {
        BreakGlassUses = [new BreakGlassUse("g", "oscar", Some.Now.AddHours(-2), "alice")],
    };

    private static readonly RecordedVote s_vote = new("web-1", Some.Now.AddHours(-1), [], null, false)
    {
        By = "alice",
        Decision = Decision.Approve,
    };

    private static readonly RecordedVote s_withdrawn = s_vote with { WithdrawnAt = Some.Now };

    private static IEnumerable<TestCaseData> Votes =>
        [
            Case("stands", true, s_vote),
            Case("was withdrawn", false, s_withdrawn),
            Case("expired and was deleted", true, s_vote with { HasExpired = true }),
            Case("was deleted after it had expired", true, s_withdrawn with { ExpiresAt = Some.Now.AddMinutes(-1) }),
            Case("was withdrawn before it expired", false, s_withdrawn with { ExpiresAt = Some.Now.AddMinutes(1) }),
            Case("was withdrawn, another one stands", true, s_withdrawn, s_vote with { Name = "web-2" }),
            Case("was withdrawn, and another person approved", false, s_withdrawn, s_vote with { By = "carol" }),
            Case(
                "was withdrawn, and an approval from before the break-glass stands",
                false,
                s_withdrawn,
                s_vote with
                {
                    At = Some.Now.AddHours(-3),
                }
            ),
            Case("was not recorded by an older version", true),
            Case("is not a withdrawn veto", true, s_withdrawn with { Decision = Decision.Reject }),
        ];

    [TestCaseSource(nameof(Votes))]
    public void AReviewCountsUntilItsVoteIsTakenBack(RecordedVote[] votes, bool stands)
    {
        var change = BreakGlassReviews.Reopened(s_reviewed with { Votes = votes });

        Assert.That((change.IsUnreviewed, ProvenRevisions.IsProven(change), change.HasCompleted), Is.EqualTo((!stands, stands, stands)));
    }

    [Test]
    public void ARejectedRevisionIsReviewedAndNeverTrusted([Values] bool isWithdrawn)
    {
        var rejection = s_vote with { Decision = Decision.Reject, WithdrawnAt = isWithdrawn ? Some.Now : null };
        var change = BreakGlassReviews.Reopened(
            s_reviewed with
            {
                BreakGlassUses = [s_reviewed.BreakGlassUses[0] with { IsRejected = true }],
                Votes = [rejection],
            }
        );

        Assert.That(change.AwaitsReview, Is.EqualTo(isWithdrawn));
        Assert.That((change.IsUnreviewed, ProvenRevisions.IsProven(change), change.HasCompleted), Is.EqualTo((true, false, false)));
    }

    [TestCase("ops:oscar")]
    [TestCase("github:1001")]
    public void NobodyReviewsTheirOwnBreakGlassUnderAnotherNameOfTheirs(string other)
    {
        var vote = Some.ApprovalOf(s_deployment, Some.Alice);
        var open = s_reviewed with
        {
            BreakGlassUses = [new BreakGlassUse("g", "ops:oscar", Some.Now.AddHours(-2), null)],
            Backing = [new SignedBacking("p", false, [], ["github:1001"])],
        };
        var policy = Some.Policy(
            $$"""
            {"approval": {"quorum": [{"groups": ["senior-engineers"]}]},
             "identities": [{"person": "someone", "names": ["{{other}}", "alice"], "groups": []}]}
            """
        );

        Assert.That(StandingVotes.Review(open, [vote], [Some.OneSenior])?.Name, Is.EqualTo(vote.Name));
        Assert.That(StandingVotes.Review(open, [vote], [policy]), Is.Null);
    }

    [Test]
    public void AWithdrawnVoteThatACacheStillHasIsNoReview()
    {
        var vote = Some.ApprovalOf(s_deployment, Some.Alice) with { Uid = "v1" };
        var open = s_reviewed with { BreakGlassUses = [new BreakGlassUse("g", "oscar", Some.Now.AddHours(-2), null)] };
        RecordedVote recorded = new(vote.Name, vote.CreatedAt, [], Some.Now, false) { Uid = "v1", By = "alice" };

        Assert.That(StandingVotes.Review(open, [vote], [])?.Name, Is.EqualTo(vote.Name));
        Assert.That(StandingVotes.Review(open with { Votes = [recorded] }, [vote], []), Is.Null);
        Assert.That(StandingVotes.Review(open with { Votes = [recorded] }, [vote with { Uid = "v2" }], []), Is.Not.Null, "another vote");
    }

    [TestCase("v1", "v1", true)]
    [TestCase("v1", "v2", false)]
    [TestCase("", "v2", true, Description = "recorded by an older version")]
    public void AVoteIsIdentifiedByItsUid(string recorded, string uid, bool expected)
    {
        var vote = Some.ApprovalOf(s_deployment, Some.Alice) with { Uid = uid };

        Assert.That(new RecordedVote(vote.Name, vote.CreatedAt, [], null, false) { Uid = recorded }.IsOf(vote), Is.EqualTo(expected));
    }

    private static TestCaseData Case(string name, bool stands, params RecordedVote[] votes) =>
        new TestCaseData(votes, stands).SetName($"{{m}}({name})");
}
