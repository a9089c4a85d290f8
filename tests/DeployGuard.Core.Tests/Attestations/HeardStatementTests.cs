using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>
/// What tightens is heard from every verified statement about a commit between what runs and the head: role, ref, expiry and
/// <c>complete</c> limit only what relaxes.
/// </summary>
public class HeardStatementTests
{
    private const string Erin = "github:2002";

    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);
    private static readonly Signer s_vsa = new("forge", KeyRole.Vsa, Stated.Verifier);
    private static readonly KeySet s_keys = KeySet.Of(s_build.Trusted, s_review.Trusted, s_vsa.Trusted);

    /// <summary>The whole range, reviewed and without AI, in two links.</summary>
    private static readonly FoundAttestation[] s_links =
    [
        s_review.Says(Stated.Change(to: Stated.Between).ReviewedBy(Erin).About(Stated.AtCommit(Stated.Between)), "first"),
        s_review.Says(Stated.Change(from: Stated.Between).ReviewedBy(Erin), "second"),
    ];

    /// <summary>Who says something of the middle of the range that they could not say in favour of it.</summary>
    private static IEnumerable<TestCaseData<KeyRole, Func<ChangeStatement, ChangeStatement>>> Tightening() =>
        [
            new(KeyRole.SourceReview, c => c) { TestName = "a complete statement of the forge" },
            new(KeyRole.Build, c => c) { TestName = "a key of the role Build" },
            new(KeyRole.Vsa, c => c) { TestName = "a key of the role Vsa" },
            new(KeyRole.SourceReview, c => c with { IsComplete = false }) { TestName = "an incomplete statement" },
            new(KeyRole.SourceReview, c => c with { ExpiresAt = Some.Now.AddMinutes(-1) }) { TestName = "an expired statement" },
            new(KeyRole.SourceReview, c => c with { IssuedAt = Some.Now.AddDays(1) }) { TestName = "a statement of the future" },
            new(KeyRole.SourceReview, c => c with { Source = c.Source with { Ref = "refs/heads/topic" } }) { TestName = "another ref" },
            new(KeyRole.SourceReview, c => c with { Source = c.Source with { Repository = "git+https://github.com/fork/checkout" } })
            {
                TestName = "a fork",
            },
        ];

    [Test]
    public void WithoutIt()
    {
        var result = Evaluate(s_links);

        Assert.That((result.Origin, result.Chain.Count), Is.EqualTo((OriginVerdict.NotAi, 2)));
        Assert.That(result.Reviews.Select(r => r.Person), Is.EqualTo(new[] { Erin }));
    }

    [TestCaseSource(nameof(Tightening))]
    public void ASignOfAiInTheMiddleCounts(KeyRole role, Func<ChangeStatement, ChangeStatement> change)
    {
        var assisted = Of(By(role), change(Stated.Change(to: Stated.Between, ai: AiStatus.Assisted)));

        Assert.That(Evaluate([.. s_links, assisted]).Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    [TestCaseSource(nameof(Tightening))]
    public void AnAuthorOfTheMiddleIsNoReviewer(KeyRole role, Func<ChangeStatement, ChangeStatement> change)
    {
        var named = Of(By(role), change(Stated.Change(to: Stated.Between) with { Authors = [Erin] }));
        var result = Evaluate([.. s_links, named]);

        Assert.That(result.Authors, Does.Contain(Erin));
        Assert.That(result.Reviews, Is.Empty);
    }

    /// <summary>No complete statement leads over that commit: the forge judged the range in one step, and CI each push.</summary>
    [Test]
    public void SoDoesACommitToWhichOnlyStatementsLeadThatRelaxNothing()
    {
        var whole = s_review.Says(Stated.Change(), "whole");
        var step = Of(s_build, Stated.Change(from: Stated.Between));
        var assisted = Of(s_build, Stated.Change(from: Stated.Commit('e'), to: Stated.Between, ai: AiStatus.Assisted), "assisted");

        Assert.That(Evaluate([whole, step]).Origin, Is.EqualTo(OriginVerdict.NotAi));
        Assert.That(Evaluate([whole, step, assisted]).Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    [Test]
    public void SoDoesAStatementAboutOtherCommitsThatSawItInOneOfTheMiddle()
    {
        var elsewhere = Stated.Change(from: Stated.Commit('d'), to: Stated.Commit('e'), ai: AiStatus.Assisted);
        var seen = elsewhere with
        {
            Ai = elsewhere.Ai with { Evidence = [new AiEvidence(Stated.Between, "trailer", "claude-code", "Assisted-by: x")] },
        };

        Assert.That(Evaluate([.. s_links, Of(s_review, elsewhere)]).Origin, Is.EqualTo(OriginVerdict.NotAi));
        Assert.That(Evaluate([.. s_links, Of(s_review, seen)]).Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    [Test]
    public void ALevelThatMeansAiCountsOfACommitInTheMiddleToo()
    {
        var summary = s_vsa.Says(Stated.Summary("ORG_SOURCE_AI", Stated.Between, refs: "refs/heads/topic"), "summary");
        var question = Stated.Question() with { AiLevels = ["ORG_SOURCE_AI"] };

        Assert.That(Evaluate([.. s_links, summary], question).Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    /// <summary>A builder that says of the running commit that it came later would otherwise hide what is before it.</summary>
    [Test]
    public void WhatWasBeforeTheRunningCommitIsNoPartOfTheChange()
    {
        var former = Of(s_build, Stated.Change(from: Stated.Commit('e'), to: Stated.Running, ai: AiStatus.Assisted), "former");
        var circle = Of(s_build, Stated.Change(from: Stated.Head, to: Stated.Running));
        var assisted = Of(s_build, Stated.Change(to: Stated.Between, ai: AiStatus.Assisted), "assisted");

        Assert.That(Evaluate([.. s_links, former]).Origin, Is.EqualTo(OriginVerdict.NotAi));
        Assert.That(Evaluate([.. s_links, circle, assisted]).Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    [Test]
    public void WhereStatementsDisagreeOfTheCommitTheWaysToEachAreHeard()
    {
        var other = s_build.Says(Stated.Build(Stated.Commit('d')), "other");
        var assisted = Of(s_review, Stated.Change(to: Stated.Between, ai: AiStatus.Assisted));
        var result = Evaluate([.. s_links, other, assisted]);

        Assert.That((result.Origin, result.Missing?.Kind), Is.EqualTo((OriginVerdict.Ai, LinkKind.OneCommit)));
    }

    [Test]
    public void TimeDoesNotTakeASignOfAiAway()
    {
        var assisted = Stated.Change(to: Stated.Between, ai: AiStatus.Assisted) with { ExpiresAt = Some.Now.AddHours(1) };
        var verification = AttestationVerifier.Verify([.. s_links, Of(s_review, assisted)], s_keys);

        foreach (var now in new[] { Some.Now, Some.Now.AddHours(2) })
        {
            Assert.That(OriginEvaluator.Evaluate(Stated.Question(), verification, now).Origin, Is.EqualTo(OriginVerdict.Ai), $"{now}");
        }
    }

    private static Signer By(KeyRole role) =>
        role switch
        {
            KeyRole.Build => s_build,
            KeyRole.Vsa => s_vsa,
            _ => s_review,
        };

    /// <summary>About its head commit, and not about the image.</summary>
    private static FoundAttestation Of(Signer signer, ChangeStatement change, string place = "further") =>
        signer.Says(change.About(Stated.AtCommit(change.Source.HeadCommit)), place);

    private static ImageProvenance Evaluate(FoundAttestation[] found, ImageQuestion? question = null) =>
        OriginEvaluator.Evaluate(question ?? Stated.Question(), AttestationVerifier.Verify(found, s_keys), Some.Now);
}
