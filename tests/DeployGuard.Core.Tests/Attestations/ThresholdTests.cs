using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>Where the policy asks for several keys of the role SourceReview: what only one of them states does not count.</summary>
public class ThresholdTests
{
    private const string Erin = "github:2002";
    private const string Frank = "github:3003";

    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly Signer s_one = new("one", KeyRole.SourceReview);
    private static readonly Signer s_two = new("two", KeyRole.SourceReview);
    private static readonly KeySet s_keys = KeySet.Of(s_build.Trusted, s_one.Trusted, s_two.Trusted);
    private static readonly ImageQuestion s_question = Stated.Question() with { ReviewThreshold = 2 };

    /// <summary>A statement of its own by each forge-side job: issued at another time, so that its bytes differ.</summary>
    private static ChangeStatement Later => Stated.Change() with { IssuedAt = Some.Now.AddMinutes(-30) };

    [Test]
    public void TwoStatementsByTwoKeysAboutTheSameRangeAgree()
    {
        var result = Evaluate(s_one.Says(Stated.Change().ReviewedBy(Erin)), s_two.Says(Later.ReviewedBy(Erin), "there"));

        Assert.That((result.Origin, result.Missing, result.Findings.Count), Is.EqualTo((OriginVerdict.NotAi, (MissingLink?)null, 0)));
        Assert.That(result.Reviews.Single().Keys, Is.EqualTo(new[] { "one", "two" }));
        Assert.That(result.Reviews.Single().Statements, Is.EquivalentTo(result.Chain.Single().Statements).And.Count.EqualTo(2));
    }

    [Test]
    public void OneKeyThatSignsTwiceIsOneOfTwo()
    {
        var result = Evaluate(s_one.Says(Stated.Change().ReviewedBy(Erin)), s_one.Says(Later.ReviewedBy(Erin), "there"));

        Assert.That((result.Origin, result.Reviews.Count, result.Chain.Count), Is.EqualTo((OriginVerdict.Unknown, 0, 0)));
        Assert.That(result.Findings.Select(f => f.Kind), Is.All.EqualTo(FindingKind.BelowThreshold));
        Assert.That(
            result.Findings[0].What,
            Is.EqualTo(
                "is signed by 1 of 2 keys of the role SourceReview (one), and no complete statement by another one is about "
                    + $"{Stated.Running} to {Stated.Head}"
            )
        );
    }

    [Test]
    public void OneKeyUnderTwoNamesIsRefusedAsAKeySetAndCountsOnceAnyway()
    {
        var alias = s_one.Trusted with { Name = "alias" };
        var byBoth = AttestationVerifier.Verify([s_one.Says(Stated.Change())], s_keys).Statements.Single() with
        {
            Signers = [s_one.Trusted, alias],
        };

        Assert.That(
            () => KeySet.Of(s_one.Trusted, alias),
            Throws
                .TypeOf<AttestationException>()
                .With.Message.EqualTo("keys[1].pem: is the same key as keys[0]; give each role a key of its own")
        );
        Assert.That(
            OriginEvaluator.Evaluate(s_question, new Verification([byBoth], []), Some.Now).Findings.Single().Kind,
            Is.EqualTo(FindingKind.BelowThreshold)
        );
    }

    private static IEnumerable<TestCaseData<FoundAttestation>> NoSecond() =>
        [
            new(s_build.Says(Later, "there")),
            new(s_two.Says(Later with { IsComplete = false }, "there")),
            new(s_two.Says(Later with { ExpiresAt = Some.Now }, "there")),
            new(s_two.Says(Later with { Source = Later.Source with { BaseCommit = Stated.Between } }, "there")),
            new(s_two.Says(Later with { Source = Later.Source with { Repository = "git+https://github.com/evil/checkout" } }, "there")),
        ];

    [TestCaseSource(nameof(NoSecond))]
    public void AStatementOfAnotherRoleOrRangeOrRepositoryIsNoSecondOne(FoundAttestation second)
    {
        var result = Evaluate(s_one.Says(Stated.Change()), second);

        Assert.That((result.Origin, result.Chain.Count), Is.EqualTo((OriginVerdict.Unknown, 0)));
        Assert.That(
            result.Findings.Where(f => f.Kind is FindingKind.BelowThreshold).Select(f => f.What),
            Has.Some.StartsWith("is signed by 1 of 2")
        );
    }

    [Test]
    public void AReviewThatOnlyOneKeyStatesDoesNotCount()
    {
        var result = Evaluate(s_one.Says(Stated.Change().ReviewedBy(Erin, Frank)), s_two.Says(Later.ReviewedBy(Erin), "there"));

        Assert.That(result.Reviews.Select(r => r.Person), Is.EqualTo(new[] { Erin }));
        Assert.That(
            result.Findings.Single().What,
            Is.EqualTo($"has a review by {Frank} that does not count: 1 of 2 keys of the role SourceReview state it")
        );
    }

    [Test]
    public void TheStricterOfTwoWins()
    {
        var unknown = Evaluate(
            s_one.Says(Stated.Change()),
            s_two.Says(Later with { Ai = new AiDeclaration(AiStatus.Unknown, []) }, "there")
        );
        var hers = Evaluate(
            s_one.Says(Stated.Change().ReviewedBy(Erin)),
            s_two.Says(Later.ReviewedBy(Erin) with { Authors = [Erin] }, "there")
        );

        Assert.That(unknown.Missing?.Kind, Is.EqualTo(LinkKind.AiStatus));
        Assert.That(hers.Reviews, Is.Empty);
    }

    [Test]
    public void AReviewIsAsOldAsTheOlderOfTheTwoStatementsSays()
    {
        var old = Later with { Approvals = [Stated.Review(Erin) with { At = Some.Now.AddHours(-70) }] };

        Assert.That(
            Evaluate(s_one.Says(Stated.Change().ReviewedBy(Erin)), s_two.Says(old, "there")).Reviews.Single().At,
            Is.EqualTo(Some.Now.AddHours(-70))
        );
    }

    [Test]
    public void ATemplateThatOnlyOneKeyNamesWasNotReviewed()
    {
        var template = StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, "v2:1");
        var named = s_one.Says(Stated.Change().About(Stated.Image(), template));

        Assert.That(Evaluate(named, s_two.Says(Later, "there")).ReviewedTemplates, Is.Empty);
        Assert.That(Evaluate(named, s_two.Says(Later.About(Stated.Image(), template), "there")).ReviewedTemplates, Has.Count.EqualTo(1));
    }

    private static ImageProvenance Evaluate(params FoundAttestation[] found) =>
        OriginEvaluator.Evaluate(
            s_question,
            AttestationVerifier.Verify([.. found, s_build.Says(Stated.Build(), "built")], s_keys),
            Some.Now
        );
}
