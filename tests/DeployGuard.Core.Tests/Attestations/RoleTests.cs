using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>What the holder of each key may say; each statement that is not believed has its own finding.</summary>
public class RoleTests
{
    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);
    private static readonly Signer s_second = new("second", KeyRole.SourceReview);
    private static readonly Signer s_vsa = new("forge", KeyRole.Vsa, Stated.Verifier);
    private static readonly KeySet s_keys = KeySet.Of(s_build.Trusted, s_review.Trusted, s_second.Trusted, s_vsa.Trusted);

    private static ChangeStatement Change => Stated.Change().ReviewedBy("github:2002");

    [Test]
    public void ABuildKeyMaySayAiAndNothingElse()
    {
        var human = Evaluate(s_build.Says(Change));
        var ai = Evaluate(s_build.Says(Stated.Change(ai: AiStatus.Assisted)));

        Assert.Multiple(() =>
        {
            Assert.That((human.Origin, human.Reviews.Count, human.Missing?.Kind), Is.EqualTo((OriginVerdict.Unknown, 0, LinkKind.Change)));
            Assert.That(human.Head?.Commit, Is.EqualTo(Stated.Head), "it links image and commit");
            Assert.That(human.Findings.Single().Kind, Is.EqualTo(FindingKind.BeyondRole));
            Assert.That(human.Findings.Single().What, Does.StartWith("states approvals, and build (role Build) may only say"));
            Assert.That((ai.Origin, ai.AiMarks.Single().Keys), Is.EqualTo((OriginVerdict.Ai, "build")));
        });
    }

    [Test]
    public void ABuildKeyCannotTakeBackWhatAReviewKeySays()
    {
        var result = Evaluate(s_build.Says(Change), s_review.Says(Stated.Change(ai: AiStatus.Assisted)));
        Assert.That(result.Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    [Test]
    public void AKeyOfAnotherRoleIsRefusedByName()
    {
        Assert.Multiple(() =>
        {
            AssertRefused(
                s_vsa.Says(Change),
                FindingKind.WrongRole,
                "is a change statement by forge (role Vsa)",
                "Sign it with a key of the role SourceReview."
            );
            AssertRefused(
                s_review.Says(Stated.Build()),
                FindingKind.WrongRole,
                "is provenance of a build by review (role SourceReview)",
                "Sign it with a key of the role Build."
            );
            AssertRefused(
                s_review.Says(Stated.Summary(SourceSummary.TwoPartyReviewed)),
                FindingKind.WrongRole,
                "is a verification summary by review (role SourceReview)",
                "Sign it with a key of the role Vsa."
            );
        });
    }

    [Test]
    public void AStatementOfAStrangerIsNotReadAtAll()
    {
        var result = Evaluate(new Signer("stranger", KeyRole.SourceReview).Says(Stated.Change(ai: AiStatus.Assisted)));
        Assert.That((result.Origin, result.AiMarks.Count), Is.EqualTo((OriginVerdict.Unknown, 0)));
        Assert.That(result.Findings.Single().Kind, Is.EqualTo(FindingKind.WrongKey));
        Assert.That(result.Findings.Single().What, Does.Contain("(build, review, second, forge)"));
    }

    [Test]
    public void AStatementAboutAnotherImageIsNotMovedToThisOne()
    {
        var moved = s_review.Says(Change.About(Stated.Image(Stated.OtherDigest)));
        AssertRefused(
            moved,
            FindingKind.OtherImage,
            $"is about another image (web sha256:{Stated.OtherDigest}), and not about",
            "Attest this image"
        );
        AssertRefused(
            s_build.Says(Stated.Build(digest: Stated.OtherDigest)),
            FindingKind.OtherImage,
            "is about another image",
            "Attest this image"
        );
        var (payload, signature) = s_build.SimpleSigning(Stated.OtherDigest);
        AssertRefused(
            new("tag", AttestationFormat.SimpleSigning, payload, signature),
            FindingKind.OtherImage,
            "is about another image",
            "Attest this image"
        );
    }

    [Test]
    public void AStatementAboutNoImageIsToldApart() =>
        AssertRefused(
            s_review.Says(Change.About(StatementSubject.Of("file", "sha512", new string('9', 128)))),
            FindingKind.WrongSubject,
            $"is about commit {Stated.Head}, which is not proven to be that of",
            "Attest the digest of the image."
        );

    [Test]
    public void AStatementAboutAnotherCommitThanItsHeadIsRefused() =>
        AssertRefused(
            s_review.Says(Change.About(Stated.Image(), Stated.AtCommit(Stated.Between))),
            FindingKind.WrongSubject,
            $"is about commit {Stated.Between}, and its headCommit is {Stated.Head}",
            "Attest the head commit."
        );

    [TestCase("git+https://github.com/evil/checkout")]
    [TestCase("git+https://github.com/acme/Checkout")]
    [TestCase("git+https://github.com.example/acme/checkout")]
    public void AnotherRepositoryRelaxesNothing(string repository)
    {
        var change = Change with { Source = Change.Source with { Repository = repository } };
        AssertRefused(
            s_review.Says(change),
            FindingKind.WrongRepository,
            $"is about the repository {repository}, and behind the image may stand https://github.com/acme/checkout alone",
            "If the commit is of that repository, attest again with --repository https://github.com/acme/checkout. Else build the image from it"
        );
        AssertRefused(
            s_build.Says(Stated.Build(uri: $"{repository}@refs/heads/main")),
            FindingKind.WrongRepository,
            $"names {repository}@refs/heads/main, and the image may be built from",
            "Build the image"
        );
        var ai = Evaluate(s_review.Says(change with { Ai = new AiDeclaration(AiStatus.Assisted, []) }));
        Assert.That(ai.Origin, Is.EqualTo(OriginVerdict.Ai), "AI is believed all the same");
    }

    [TestCase("refs/heads/main", true)]
    [TestCase("refs/heads/release-1.2", true)]
    [TestCase("refs/heads/mainline", false)]
    [TestCase("refs/pull/7/head", false)]
    public void OnlyAllowedRefsCount(string name, bool isAllowed)
    {
        var result = Evaluate(s_review.Says(Change with { Source = Change.Source with { Ref = name } }));
        Assert.That(result.Origin is OriginVerdict.NotAi, Is.EqualTo(isAllowed));
        Assert.That(result.Findings.Select(f => f.Kind), Is.EqualTo(isAllowed ? [] : new[] { FindingKind.WrongRef }));
    }

    [Test]
    public void AnExpiredStatementRelaxesNothingAndItsAiIsBelieved()
    {
        var change = Change with { ExpiresAt = Some.Now };
        AssertRefused(s_review.Says(change), FindingKind.Expired, "expired at 2026-11-23 12:00 UTC", "Attest the change again");
        AssertRefused(
            s_review.Says(Change with { IssuedAt = Some.Now.AddHours(1) }),
            FindingKind.NotYetIssued,
            "was issued at 2026-11-23 13:00 UTC, which is in the future",
            "Correct the clock"
        );
        var ai = Evaluate(s_review.Says(change with { Ai = new AiDeclaration(AiStatus.Assisted, []) }));
        Assert.That(ai.Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    [Test]
    public void AKeyCountsOnlyInItsTime()
    {
        foreach (
            var (trusted, isValid) in new[]
            {
                (s_review.Trusted with { NotBefore = Some.Now }, true),
                (s_review.Trusted with { NotBefore = Some.Now.AddMinutes(1) }, false),
                (s_review.Trusted with { NotAfter = Some.Now.AddMinutes(1) }, true),
                (s_review.Trusted with { NotAfter = Some.Now }, false),
            }
        )
        {
            var verification = AttestationVerifier.Verify([s_review.Says(Change)], KeySet.Of(trusted));
            var result = OriginEvaluator.Evaluate(Stated.Question(), verification, Some.Now);
            Assert.That(result.Origin is OriginVerdict.NotAi, Is.EqualTo(isValid), $"{trusted.NotBefore} {trusted.NotAfter}");
            Assert.That(result.Findings.Select(f => f.Kind), Is.EqualTo(isValid ? [] : new[] { FindingKind.KeyNotValidNow }));
        }
    }

    /// <summary>Case 30. The same statement lies in two places: signed twice by one key, or once by each of two.</summary>
    [Test]
    public void Case30_TwoSignaturesOfOneKeyAreOneOfTwo()
    {
        var question = Stated.Question() with { ReviewThreshold = 2 };
        var twice = Evaluate(question, s_review.Says(Change), s_review.Says(Change, "there"));
        var both = Evaluate(question, s_review.Says(Change), s_second.Says(Change, "there"));
        var withBuilder = Evaluate(question, s_review.Says(Change), s_build.Says(Change, "there"));

        Assert.Multiple(() =>
        {
            Assert.That((twice.Origin, twice.Reviews.Count), Is.EqualTo((OriginVerdict.Unknown, 0)));
            Assert.That(twice.Findings.Single().Kind, Is.EqualTo(FindingKind.BelowThreshold));
            Assert.That(
                twice.Findings.Single().What,
                Does.Contain("which 1 of 2 keys of the role SourceReview do (review), and no key of the role Build")
            );
            Assert.That((both.Origin, both.Reviews.Count), Is.EqualTo((OriginVerdict.NotAi, 1)));
            Assert.That(withBuilder.Origin, Is.EqualTo(OriginVerdict.Unknown));
        });
    }

    [Test]
    public void ASummaryOfACommitThatIsNotOfTheChangeIsToldApart()
    {
        var head = Evaluate(s_build.Says(Stated.Build()), s_vsa.Says(Stated.TwoParty(Stated.Head)));
        var elsewhere = Evaluate(s_build.Says(Stated.Build()), s_vsa.Says(Stated.TwoParty(Stated.Between)));

        Assert.That((head.Origin, head.TwoParty, head.Findings.Count), Is.EqualTo((OriginVerdict.Unknown, (TwoPartyReview?)null, 0)));
        Assert.That(elsewhere.Findings.Single().Kind, Is.EqualTo(FindingKind.WrongSubject));
    }

    [Test]
    public void ASummaryIsRefusedForItsVerifierItsRefAndItsResult()
    {
        AssertRefused(
            s_vsa.Says(Stated.Summary("SLSA_SOURCE_LEVEL_3", verifier: "https://other.example.com")),
            FindingKind.WrongVerifier,
            $"is by the verifier https://other.example.com, and forge signs for {Stated.Verifier}",
            "Sign it with the key of that verifier"
        );
        AssertRefused(
            s_vsa.Says(Stated.Summary("SLSA_SOURCE_LEVEL_3", refs: "refs/heads/topic")),
            FindingKind.WrongRef,
            "is about refs/heads/topic",
            "Merge"
        );
        AssertRefused(
            s_vsa.Says(Stated.Summary("SLSA_SOURCE_LEVEL_3", result: "FAILED")),
            FindingKind.VerificationFailed,
            "says that",
            "Ask the verifier"
        );
    }

    [Test]
    public void ALevelSaysAiWhereThePolicyMapsIt()
    {
        var found = new[] { s_build.Says(Stated.Build()), s_vsa.Says(Stated.Summary("ORG_SOURCE_AI_ASSISTED")) };
        Assert.That(Evaluate(found).Origin, Is.EqualTo(OriginVerdict.Unknown));
        Assert.That(Evaluate(Stated.Question() with { AiLevels = ["ORG_SOURCE_AI_ASSISTED"] }, found).Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    private static void AssertRefused(FoundAttestation found, FindingKind kind, string what, string remedy)
    {
        var result = Evaluate(found);
        Assert.That((result.Origin, result.Reviews.Count, result.Findings.Count), Is.EqualTo((OriginVerdict.Unknown, 0, 1)), what);
        var finding = result.Findings.Single();
        Assert.That((finding.Kind, finding.Place), Is.EqualTo((kind, found.Place)));
        Assert.That(finding.What, Does.StartWith(what));
        Assert.That(finding.Remedy, Does.StartWith(remedy));
    }

    private static ImageProvenance Evaluate(params FoundAttestation[] found) => Evaluate(Stated.Question(), found);

    private static ImageProvenance Evaluate(ImageQuestion question, params FoundAttestation[] found) =>
        OriginEvaluator.Evaluate(question, AttestationVerifier.Verify(found, s_keys), Some.Now);
}
