using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>Two keys of the role SourceReview must agree, and one is stolen: what its thief adds to what both said honestly.</summary>
public class StolenKeyTests
{
    private const string Erin = "github:2002";
    private const string Web = "Deployment shop/web";

    private static readonly string s_evil = new('9', 64);
    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly Signer s_honest = new("honest", KeyRole.SourceReview);
    private static readonly Signer s_stolen = new("stolen", KeyRole.SourceReview);
    private static readonly Signer s_vsa = new("verifier", KeyRole.Vsa, Stated.Verifier);
    private static readonly KeySet s_keys = KeySet.Of(s_build.Trusted, s_honest.Trusted, s_stolen.Trusted, s_vsa.Trusted);
    private static readonly ImageQuestion s_question = Stated.Question() with { ReviewThreshold = 2 };
    private static readonly ImageQuestion s_ofEvil = s_question with { Image = new JudgedImage(s_evil) };

    /// <summary>Beside each image lie the honest statements of another one, because everybody who can push can copy them.</summary>
    private static readonly FoundAttestation[] s_copied = ByBoth(Stated.Change().ReviewedBy(Erin));

    private static readonly ChangeStatement s_link = Stated.Change(from: Stated.Commit('0')) with { IsComplete = false };

    [Test]
    public void AnImageOfItsOwnIsNotPassedOffAsOneOfAReviewedCommit()
    {
        var result = Evaluate(s_ofEvil, [.. s_copied, s_stolen.Says(s_link.About(Stated.Image(s_evil)), "evil")]);

        Assert.That((result.Head, result.Reviews.Count, result.Origin), Is.EqualTo(((HeadCommit?)null, 0, OriginVerdict.Unknown)));
        Assert.That(
            result.Missing?.What,
            Is.EqualTo(
                $"That sha256:{s_evil} is of commit {Stated.Head}, 1 of 2 keys of the role SourceReview say (stolen), "
                    + "and no key of the role Build."
            )
        );
    }

    [Test]
    public void ABuildKeyOrBothKeysLinkAnImageToItsCommit()
    {
        Assert.That(Evaluate(s_ofEvil, [.. s_copied, s_build.Says(Stated.Build(digest: s_evil), "built")]).Reviews, Has.Count.EqualTo(1));
        Assert.That(
            Evaluate(
                s_ofEvil,
                [
                    .. s_copied,
                    s_honest.Says(s_link.About(Stated.Image(s_evil)), "one"),
                    s_stolen.Says(s_link.About(Stated.Image(s_evil)), "two"),
                ]
            ).Reviews,
            Has.Count.EqualTo(1)
        );
    }

    [Test]
    public void APlatformOfItsOwnIsNotOneOfAReviewedIndex()
    {
        var good = new string('8', 64);
        var index = s_question with
        {
            Image = new JudgedImage(Stated.Digest) { Platforms = [new("linux/amd64", good), new("linux/arm64", s_evil)] },
        };
        FoundAttestation[] found =
        [
            .. ByBoth(Stated.Change().ReviewedBy(Erin), Stated.Image(good)),
            s_stolen.Says(s_link.About(Stated.Image(s_evil)), "evil"),
        ];

        Assert.That(Evaluate(index, found).Head, Is.Null);
        Assert.That(Evaluate(index, found).Missing?.What, Does.StartWith($"That linux/arm64 ({s_evil}) is of commit"));
        Assert.That(
            Evaluate(index, [.. found, s_honest.Says(s_link.About(Stated.Image(s_evil)), "platform")]).Reviews,
            Has.Count.EqualTo(1)
        );
        Assert.That(
            Evaluate(index, [.. found, s_honest.Says(s_link.About(Stated.Image()), "index")]).Reviews,
            Has.Count.EqualTo(1),
            "one key may name the index, and another one the platform"
        );
    }

    [Test]
    public void SummariesOfTheCommitDoNotSpeakForItsImageEither()
    {
        FoundAttestation[] summaries = [s_vsa.Says(Stated.TwoParty(Stated.Running), "a"), s_vsa.Says(Stated.TwoParty(Stated.Head), "b")];

        Assert.That(Evaluate(s_question, [.. s_copied, .. summaries]).TwoParty, Is.Not.Null);
        Assert.That(
            Evaluate(s_ofEvil, [.. s_copied, .. summaries, s_stolen.Says(s_link.About(Stated.Image(s_evil)), "evil")]).TwoParty,
            Is.Null
        );
    }

    /// <summary>The commit of a template goes on record, so that later templates start from it.</summary>
    [Test]
    public void ATemplateOfItsOwnHasNoCommit()
    {
        var template = StatementSubject.Of(Web, StatementSubject.TemplateHash, "v2:1");
        var byStolen = s_stolen.Says(s_link.About(Stated.Image(), template), "evil");
        var result = OfTemplate([.. s_copied, byStolen]);

        Assert.That((result.Head, result.ReviewedTemplates.Count), Is.EqualTo(((HeadCommit?)null, 0)));
        Assert.That(result.Missing?.What, Does.StartWith("Too few keys of the role SourceReview say of which commit the template of"));
        Assert.That(OfTemplate([.. s_copied, byStolen, s_honest.Says(s_link.About(Stated.Image(), template))]).Head, Is.Not.Null);

        static ImageProvenance OfTemplate(FoundAttestation[] found) =>
            TemplateEvaluator.Evaluate(s_question, new ReviewedTemplate(Web, "v2:1"), AttestationVerifier.Verify(found, s_keys), Some.Now);
    }

    private static IEnumerable<TestCaseData<ChangeStatement, ChangeStatement>> Reviews()
    {
        var dismissed = Stated.Review(Erin) with { State = ReviewState.Dismissed, At = Some.Now.AddHours(-1) };
        var later = Stated.Review(Erin) with { At = Some.Now.AddMinutes(-10) };
        yield return new(Stated.Change(), Stated.Change().ReviewedBy(Erin)) { TestName = "a review that nobody gave" };
        yield return new(Stated.Change() with { Approvals = [dismissed] }, Stated.Change() with { Approvals = [later] })
        {
            TestName = "one after its dismissal",
        };
        yield return new(
            Stated.Change() with
            {
                Approvals = [Stated.Review(Erin) with { Kind = ApproverKind.Bot }],
            },
            Stated.Change().ReviewedBy(Erin)
        )
        {
            TestName = "a human in place of a bot",
        };
        yield return new(Stated.Change().ReviewedBy(Erin) with { Authors = [] }, Stated.Change().ReviewedBy(Erin))
        {
            TestName = "an author where none is known",
        };
        yield return new(Stated.Change(to: Stated.Between).ReviewedBy(Erin), Stated.Change().ReviewedBy(Erin))
        {
            TestName = "a longer range",
        };
    }

    [TestCaseSource(nameof(Reviews))]
    public void NoReviewCountsThatItAddsAlone(ChangeStatement honest, ChangeStatement stolen) =>
        Assert.That(
            Evaluate(
                s_question,
                [.. ByBoth(honest), s_build.Says(Stated.Build(), "built"), s_stolen.Says(stolen.About(Stated.Image()), "evil")]
            ).Reviews,
            Is.Empty
        );

    [Test]
    public void AReviewGetsNoYounger()
    {
        var old = Stated.Review(Erin) with { At = Some.Now.AddHours(-70) };
        var result = Evaluate(
            s_question,
            [.. ByBoth(Stated.Change() with { Approvals = [old] }), s_stolen.Says(Stated.Change().ReviewedBy(Erin), "evil")]
        );

        Assert.That(result.Reviews.Single().At, Is.EqualTo(old.At));
    }

    [Test]
    public void ItDoesNotSayThatNoAiHadAPart()
    {
        var stolen = s_stolen.Says(Stated.Change() with { IssuedAt = Some.Now }, "evil");

        Assert.That(
            Evaluate(s_question, [.. ByBoth(Stated.Change(ai: AiStatus.Unknown)), stolen]).Origin,
            Is.EqualTo(OriginVerdict.Unknown)
        );
        Assert.That(Evaluate(s_question, [.. ByBoth(Stated.Change(ai: AiStatus.Assisted)), stolen]).Origin, Is.EqualTo(OriginVerdict.Ai));
        Assert.That(Evaluate(s_question, [s_honest.Says(Stated.Change() with { IsComplete = false }), stolen]).Chain, Is.Empty);
    }

    /// <summary>The same image, rebuilt of the commit that runs: somebody must have judged that commit.</summary>
    [Test]
    public void AnImageOfTheCommitThatRunsIsNoneByItAlone()
    {
        var runs = s_ofEvil with { Running = [new RunningImage("web@old", Stated.Head)] };

        Assert.That(Evaluate(runs, [.. s_copied, s_stolen.Says(s_link.About(Stated.Image(s_evil)), "evil")]).Chain, Is.Empty);
    }

    private static FoundAttestation[] ByBoth(ChangeStatement change, StatementSubject? about = null) =>
        [
            s_honest.Says(change.About(about ?? Stated.Image()), "one"),
            s_stolen.Says((change with { IssuedAt = change.IssuedAt.AddMinutes(1) }).About(about ?? Stated.Image()), "two"),
        ];

    private static ImageProvenance Evaluate(ImageQuestion question, FoundAttestation[] found) =>
        OriginEvaluator.Evaluate(question, AttestationVerifier.Verify(found, s_keys), Some.Now);
}
