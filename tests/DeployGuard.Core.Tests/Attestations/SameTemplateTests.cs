using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Several commits have the very template: what tightens counts from each that leads on from what runs, in whatever order they are found.
/// </summary>
public class SameTemplateTests
{
    private const string Web = "Deployment shop/web";
    private const string Erin = "github:2002";

    private static readonly Signer s_forge = new("forge", KeyRole.SourceReview);
    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly KeySet s_keys = KeySet.Of(s_forge.Trusted, s_build.Trusted);

    /// <summary>Another commit one step from what runs.</summary>
    private static readonly string s_other = Stated.Commit('d');

    private static ChangeStatement Other => Stated.Change(to: s_other);

    private static FoundAttestation Reviewed => Names(s_forge, Stated.Change().ReviewedBy(Erin));

    [Test]
    public void WithoutAnother()
    {
        var result = Evaluate(Reviewed);

        Assert.That((result.Origin, result.Missing, result.Reviews.Count), Is.EqualTo((OriginVerdict.NotAi, (MissingLink?)null, 1)));
    }

    private static IEnumerable<TestCaseData<FoundAttestation[]>> Assisted() =>
        [
            new([Names(s_forge, Other with { Ai = new AiDeclaration(AiStatus.Assisted, []) })]) { TestName = "another commit" },
            new([Names(s_build, Other with { Ai = new AiDeclaration(AiStatus.Assisted, []) })]) { TestName = "by the job that built it" },
            new([
                s_forge.Says(Stated.Change(to: Stated.Between, ai: AiStatus.Assisted).About(Stated.AtCommit(Stated.Between)), "middle"),
                Names(s_forge, Stated.Change(from: Stated.Between, to: s_other) with { IsComplete = false }),
            ])
            {
                TestName = "in the middle of the way to another commit",
            },
        ];

    [TestCaseSource(nameof(Assisted))]
    public void ASignOfAiOfAnotherCommitCounts(FoundAttestation[] found) =>
        InAnyOrder(result => Assert.That((result.Origin, result.AiMarks.Count), Is.EqualTo((OriginVerdict.Ai, 1))), [Reviewed, .. found]);

    [Test]
    public void AnAuthorOfAnotherCommitIsNoReviewer() =>
        InAnyOrder(
            result =>
            {
                Assert.That(result.Authors, Does.Contain(Erin));
                Assert.That(result.Reviews, Is.Empty);
            },
            Reviewed,
            Names(s_build, Other with { Authors = [Erin] })
        );

    [Test]
    public void WhoTookTheirReviewOfAnotherCommitBackReviewsThisOneAgain()
    {
        var dismissed = Other with
        {
            Approvals = [Stated.Review(Erin, s_other) with { State = ReviewState.Dismissed, At = Some.Now.AddHours(-1) }],
        };

        InAnyOrder(result => Assert.That(result.Reviews, Is.Empty), Reviewed, Names(s_forge, dismissed));
    }

    [Test]
    public void OneCommitOfWhichAiIsNotKnownIsEnoughNotToSayThatNoneHadAPart() =>
        InAnyOrder(
            result =>
            {
                Assert.That((result.Origin, result.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, LinkKind.AiStatus)));
                Assert.That(result.Reviews.Select(r => r.Person), Is.EqualTo(new[] { Erin }), "this very template was reviewed");
            },
            Reviewed,
            Names(s_forge, Other with { Ai = new AiDeclaration(AiStatus.Unknown, []) })
        );

    [Test]
    public void TheCommitOnRecordIsTheSameInAnyOrder()
    {
        InAnyOrder(
            result => Assert.That(result.Head?.Commit, Is.EqualTo(Stated.Head)),
            Names(s_forge, Stated.Change()),
            Names(s_forge, Other),
            Names(s_forge, Stated.Change(to: Stated.Commit('e')))
        );
    }

    /// <summary>The template was that of an earlier commit too, which a later one changed and another took back.</summary>
    [Test]
    public void WhatLedToTheSameTemplateLongAgoIsNoPartOfTheChange()
    {
        var old = Stated.Change(from: Stated.Commit('f'), to: Stated.Commit('e'), ai: AiStatus.Assisted) with { Authors = [Erin] };

        InAnyOrder(
            result => Assert.That((result.Origin, result.Reviews.Count), Is.EqualTo((OriginVerdict.NotAi, 1))),
            Reviewed,
            Names(s_forge, old)
        );
        Assert.That(Evaluate(Names(s_forge, old)).Origin, Is.EqualTo(OriginVerdict.Ai), "where nothing else is said");
    }

    private static void InAnyOrder(Action<ImageProvenance> check, params FoundAttestation[] found)
    {
        check(Evaluate(found));
        check(Evaluate([.. found.Reverse()]));
        // One in the annotation, the others beside the image.
        check(Evaluate(found[..1], found[1..]));
        check(Evaluate(found[1..], found[..1]));
    }

    private static FoundAttestation Names(Signer signer, ChangeStatement change) =>
        signer.Says(
            change.About(Stated.AtCommit(change.Source.HeadCommit), StatementSubject.Of(Web, StatementSubject.TemplateHash, "v2:1")),
            change.Source.HeadCommit
        );

    private static ImageProvenance Evaluate(params FoundAttestation[] found) => Evaluate(found, []);

    private static ImageProvenance Evaluate(FoundAttestation[] own, FoundAttestation[] others) =>
        TemplateEvaluator.Evaluate(
            Stated.Question(),
            new ReviewedTemplate(Web, "v2:1"),
            AttestationVerifier.Verify(own, s_keys),
            Some.Now,
            AttestationVerifier.Verify(others, s_keys).Statements
        );
}
