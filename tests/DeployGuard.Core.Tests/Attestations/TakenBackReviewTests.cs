using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>A review that was taken back counts no more, whichever statement of the forge says so.</summary>
public class TakenBackReviewTests
{
    private const string Erin = "github:2002";

    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);
    private static readonly KeySet s_keys = KeySet.Of(s_build.Trusted, s_review.Trusted);

    private static readonly StatedApproval s_dismissed = Stated.Review(Erin) with
    {
        State = ReviewState.Dismissed,
        At = Some.Now.AddHours(-1),
    };

    private static readonly FoundAttestation s_approved = s_review.Says(Stated.Change().ReviewedBy(Erin), "approved");

    private static IEnumerable<TestCaseData<Func<ChangeStatement, ChangeStatement>>> Statements() =>
        [
            new(c => c) { TestName = "of the same part" },
            new(c => c with { Source = c.Source with { BaseCommit = Stated.Commit('e') } }) { TestName = "with another base" },
            new(c => c with { IsComplete = false }) { TestName = "incomplete" },
            new(c => c with { ExpiresAt = Some.Now.AddMinutes(-1) }) { TestName = "expired" },
            new(c => c with { Source = c.Source with { Ref = "refs/heads/topic" } }) { TestName = "of another ref" },
            new(c => c with { Source = c.Source with { HeadCommit = Stated.Commit('e') } }) { TestName = "about a later commit" },
        ];

    [TestCaseSource(nameof(Statements))]
    public void ADismissalOfTheHeadCountsFromEveryStatementOfTheForge(Func<ChangeStatement, ChangeStatement> change)
    {
        var dismissal = Of(s_review, change(Stated.Change() with { Approvals = [s_dismissed] }));

        Assert.That(Evaluate(s_approved).Reviews, Has.Count.EqualTo(1));
        Assert.That(Evaluate(s_approved, dismissal).Reviews, Is.Empty);
    }

    [Test]
    public void TheFindingSaysWhen() =>
        Assert.That(
            Evaluate(s_approved, Of(s_review, Stated.Change(from: Stated.Commit('e')) with { Approvals = [s_dismissed] }))
                .Findings.Single(f => f.Kind is FindingKind.ReviewNotCounted)
                .What,
            Does.EndWith("does not count: its approver took it back at 2026-11-23 11:00 UTC")
        );

    [Test]
    public void ABuildKeyTakesNoReviewBack() =>
        Assert.That(
            Evaluate(s_approved, Of(s_build, Stated.Change() with { Approvals = [s_dismissed] })).Reviews,
            Has.Count.EqualTo(1),
            "or the build job could take away every review of the forge"
        );

    [Test]
    public void AnotherPersonsDismissalAndOneBeforeTheReviewTakeNothingBack()
    {
        var other = Of(
            s_review,
            Stated.Change(from: Stated.Commit('e')) with
            {
                Approvals = [s_dismissed with { Approver = "github:3003" }],
            }
        );
        var before = Of(
            s_review,
            Stated.Change(from: Stated.Commit('e')) with
            {
                Approvals = [s_dismissed with { At = Some.Now.AddHours(-3) }],
            }
        );

        Assert.That(Evaluate(s_approved, other).Reviews, Has.Count.EqualTo(1));
        Assert.That(Evaluate(s_approved, before).Reviews, Has.Count.EqualTo(1));
    }

    [Test]
    public void ADismissalOfWhatRunsAlreadyTakesNothingBack()
    {
        var former = s_dismissed with { Commit = Stated.Running };
        var statement = Of(s_review, Stated.Change(Stated.Commit('e'), Stated.Running) with { Approvals = [former] });

        Assert.That(Evaluate(s_approved, statement).Reviews, Has.Count.EqualTo(1));
    }

    /// <summary>Two links: who asks for changes of the second one and approves it then, has not taken the first one back.</summary>
    [Test]
    public void EachPartHasItsOwnReviews()
    {
        var first = s_review.Says(Stated.Change(to: Stated.Between).ReviewedBy(Erin).About(Stated.AtCommit(Stated.Between)), "first");
        var again = Stated.Review(Erin) with { At = Some.Now.AddMinutes(-30) };
        var changes = s_dismissed with { State = ReviewState.ChangesRequested };
        var second = Stated.Change(from: Stated.Between);

        Assert.That(
            Evaluate(first, s_review.Says(second with { Approvals = [Stated.Review(Erin), changes, again] })).Reviews,
            Has.Count.EqualTo(1)
        );
        Assert.That(Evaluate(first, s_review.Says(second with { Approvals = [Stated.Review(Erin), changes] })).Reviews, Is.Empty);
        Assert.That(
            Evaluate(
                first,
                s_review.Says(second with { Approvals = [again] }),
                Of(s_review, Stated.Change(to: Stated.Between) with { Approvals = [changes with { Commit = Stated.Between }] })
            ).Reviews,
            Is.Empty,
            "a later review of the second part says nothing of the first"
        );
    }

    /// <summary>The forge judged the range in one step; the dismissal is of a commit in its middle.</summary>
    [Test]
    public void WhoTakesTheMiddleBackReviewsTheHeadAgain()
    {
        var step = Of(s_build, Stated.Change(from: Stated.Between));
        var middle = Of(
            s_review,
            Stated.Change(to: Stated.Between) with
            {
                IsComplete = false,
                Approvals = [s_dismissed with { Commit = Stated.Between }],
            },
            "middle"
        );

        Assert.That(Evaluate(s_approved, step, middle).Reviews, Is.Empty);
    }

    /// <summary>About its head commit, and not about the image.</summary>
    private static FoundAttestation Of(Signer signer, ChangeStatement change, string place = "further") =>
        signer.Says(change.About(Stated.AtCommit(change.Source.HeadCommit)), place);

    private static ImageProvenance Evaluate(params FoundAttestation[] found) =>
        OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify(found, s_keys), Some.Now);
}
