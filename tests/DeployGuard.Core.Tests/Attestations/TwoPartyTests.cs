using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>When verification summaries say of a whole range that two people agreed to every change.</summary>
public class TwoPartyTests
{
    private const string Own = "ORG_SOURCE_AI_ASSISTED";

    private static readonly Signer s_review = new("review", KeyRole.SourceReview);
    private static readonly Signer s_vsa = new("forge", KeyRole.Vsa, Stated.Verifier);
    private static readonly KeySet s_keys = KeySet.Of(s_review.Trusted, s_vsa.Trusted);

    private static readonly FoundAttestation s_change = s_review.Says(Stated.Change());
    private static readonly FoundAttestation[] s_twoPushes =
    [
        s_review.Says(Stated.Change(to: Stated.Between).About(Stated.AtCommit(Stated.Between)), "first"),
        s_review.Says(Stated.Change(from: Stated.Between), "second"),
    ];

    [Test]
    public void ASummaryOfEachEndOfTheRangeIsEnough()
    {
        var result = Evaluate(s_change, Summary(Stated.Running), Summary(Stated.Head));

        Assert.That(result.TwoParty, Has.Property("At").EqualTo(Some.Now.AddHours(-2)).And.Property("Keys").EqualTo(new[] { "forge" }));
        Assert.That((result.TwoPartyGap, result.Findings.Count), Is.EqualTo(("", 0)), "that of what runs is no mistake");
        Assert.That(result.Reviews, Is.Empty, "it names no person");
    }

    [Test]
    public void ASummaryOfTheHeadAloneSaysNothingOfTheCommitsBelow()
    {
        AssertGap(Stated.Running, s_change, Summary(Stated.Head));
        AssertGap(Stated.Head, s_change, Summary(Stated.Running));
        AssertGap(Stated.Between, [.. s_twoPushes, Summary(Stated.Running), Summary(Stated.Head)]);
    }

    [Test]
    public void EachPartOfTheRangeHasItsOwnAndTheOldestCounts()
    {
        var old = Some.Now.AddDays(-2);
        var result = Evaluate([
            .. s_twoPushes,
            Summary(Stated.Running),
            s_vsa.Says(Stated.TwoParty(Stated.Between, old)),
            Summary(Stated.Head),
        ]);

        Assert.That((result.TwoParty?.At, result.TwoParty?.Statements.Count), Is.EqualTo((old, 2)));
    }

    [Test]
    public void TheWholeHistoryHasNoCommitAtWhichTheControlWasThereAlready()
    {
        var whole = s_review.Says(Stated.Change(from: Stated.Commit('0')));
        var result = OriginEvaluator.Evaluate(
            Stated.Question() with
            {
                Running = [],
            },
            AttestationVerifier.Verify([whole, Summary(Stated.Head)], s_keys),
            Some.Now
        );

        Assert.That((result.Chain.Count, result.TwoParty), Is.EqualTo((1, (TwoPartyReview?)null)));
    }

    [Test]
    public void WithoutAChainOfChangeStatementsNoRangeIsKnown()
    {
        var result = Evaluate(Summary(Stated.Running), Summary(Stated.Head));

        Assert.That((result.TwoParty, result.TwoPartyGap), Is.EqualTo(((TwoPartyReview?)null, "")));
    }

    private static IEnumerable<TestCaseData<Statement>> Insufficient() =>
        [
            new(Stated.Summary(SourceSummary.TwoPartyReviewed, at: Some.Now)),
            new(Stated.Summary($"SLSA_SOURCE_LEVEL_2 {SourceSummary.TwoPartyReviewed}", at: Some.Now)),
            new(Stated.Summary("SLSA_SOURCE_LEVEL_4", at: Some.Now)),
            new(Stated.Summary($"SLSA_SOURCE_LEVEL_3 {SourceSummary.TwoPartyReviewed}")),
            new(Stated.TwoParty(Stated.Head, Some.Now.AddHours(1))),
            new(Stated.Summary($"SLSA_SOURCE_LEVEL_3 {SourceSummary.TwoPartyReviewed}", at: Some.Now, refs: "refs/heads/topic")),
            new(
                Stated.Summary($"SLSA_SOURCE_LEVEL_3 {SourceSummary.TwoPartyReviewed}", at: Some.Now, verifier: "https://other.example.com")
            ),
        ];

    [TestCaseSource(nameof(Insufficient))]
    public void WithoutTheLevelItsTimeItsRefOrItsVerifierASummaryDoesNotCount(Statement head) =>
        AssertGap(Stated.Head, s_change, Summary(Stated.Running), s_vsa.Says(head));

    [Test]
    public void OneThatFailedCountsForAll()
    {
        var failed = s_vsa.Says(Stated.Summary("SLSA_SOURCE_LEVEL_1", result: "FAILED"), "failed");
        var result = Evaluate(s_change, Summary(Stated.Running), Summary(Stated.Head), failed);

        Assert.That(result.TwoParty, Is.Null);
        Assert.That(
            result.TwoPartyGap,
            Is.EqualTo($"a verification summary of {Stated.Head} says that the verification failed. Ask the verifier why")
        );
    }

    private static readonly Signer s_former = new("former", KeyRole.Vsa, Stated.Verifier);

    private static IEnumerable<TestCaseData<FoundAttestation>> Failed() =>
        [
            new(s_vsa.Says(Fail(Stated.Head))) { TestName = "of the head" },
            new(s_vsa.Says(Fail(Stated.Running))) { TestName = "of what runs" },
            new(s_former.Says(Fail(Stated.Head))) { TestName = "by a key that is valid no more" },
            new(s_vsa.Says(Fail(Stated.Head, "refs/heads/topic"))) { TestName = "of another ref" },
            new(s_vsa.Says(Fail(Stated.Head) with { Subjects = [Stated.AtCommit(Stated.Commit('e')), Stated.AtCommit(Stated.Head)] }))
            {
                TestName = "of several commits",
            },
            new(s_vsa.Says(Fail(Stated.Between))) { TestName = "of a commit in the middle of a part" },
            new(s_vsa.Says(Fail(Stated.Head) with { Subjects = [StatementSubject.Of("", "sha1", Stated.Head)] }))
            {
                TestName = "with another name of the digest",
            },
            new(s_vsa.Says(Fail(Stated.Head) with { Subjects = [Stated.Image()] })) { TestName = "of the image" },
            new(s_vsa.Says(Stated.Summary("SLSA_SOURCE_LEVEL_1", result: "FAILED", repository: "git+ssh://git@github.com/acme/checkout")))
            {
                TestName = "by another address of the repository",
            },
        ];

    [TestCaseSource(nameof(Failed))]
    public void OneThatFailedIsHeardWhateverLimitsWhatRelaxes(FoundAttestation failed)
    {
        var keys = KeySet.Of(s_review.Trusted, s_vsa.Trusted, s_former.Trusted with { NotAfter = Some.Now.AddDays(-1) });
        var middle = s_review.Says(
            (Stated.Change(to: Stated.Between) with { IsComplete = false }).About(Stated.AtCommit(Stated.Between)),
            "middle"
        );
        var last = s_review.Says((Stated.Change(from: Stated.Between) with { IsComplete = false }).About(Stated.AtCommit()), "last");
        FoundAttestation[] found = [s_change, middle, last, Summary(Stated.Running), Summary(Stated.Head)];

        Assert.That(Of(found).TwoParty, Is.Not.Null);
        Assert.That(Of([.. found, failed]).TwoParty, Is.Null);
        Assert.That(Of([.. found, failed]).TwoPartyGap, Does.Contain("says that the verification failed"));

        ImageProvenance Of(FoundAttestation[] all) =>
            OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify(all, keys), Some.Now);
    }

    /// <summary>It may say that the verification failed, or be of a later version of the format.</summary>
    [TestCase("resourceUri", null, "predicate.resourceUri: is missing")]
    [TestCase("timeVerified", "yesterday", "predicate.timeVerified: is not a time such as 2026-11-28T09:30:00Z")]
    public void WhatTheVerifierSignedAndNobodyCanReadMayDenyTheRest(string field, string? value, string fault)
    {
        var summary = Stated.TwoParty(Stated.Between);
        var predicate = JsonNode.Parse(summary.Predicate.GetRawText())?.AsObject() ?? throw new InvalidOperationException(field);
        predicate[field] = value;
        var unreadable = s_vsa.Says(summary with { Predicate = Stated.Json(predicate.ToJsonString()) }, "unreadable");

        var result = Evaluate(s_change, Summary(Stated.Running), Summary(Stated.Head), unreadable);

        Assert.That((result.IsUnread, result.TwoParty), Is.EqualTo((true, (TwoPartyReview?)null)));
        Assert.That(result.Findings.Single().What, Does.Contain(fault));
    }

    [Test]
    public void OneThatFailedOfAnotherRepositoryOrByAnotherVerifierSaysNothing()
    {
        var other = s_vsa.Says(Stated.Summary("SLSA_SOURCE_LEVEL_1", verifier: "https://other.example.com", result: "FAILED"), "other");
        var before = s_vsa.Says(Fail(Stated.Commit('e')), "before");

        Assert.That(Evaluate(s_change, Summary(Stated.Running), Summary(Stated.Head), other, before).TwoParty, Is.Not.Null);
    }

    /// <summary>
    /// Two people agreed when it was verified, and one has taken it back since. Nobody but the verifier knows whether those that are left
    /// are two: one may be the requester.
    /// </summary>
    [TestCase(-1, false, false)]
    [TestCase(-3, false, true)]
    [TestCase(-1, true, false)]
    public void ASummaryDoesNotOutliveAReview(int dismissedAt, bool hasAnother, bool isCounted)
    {
        var dismissed = Stated.Review("github:2002") with { State = ReviewState.Dismissed, At = Some.Now.AddHours(dismissedAt) };
        var change = Stated.Change() with
        {
            Approvals = [dismissed, .. hasAnother ? [Stated.Review("github:3003")] : (StatedApproval[])[]],
        };
        var result = Evaluate(s_review.Says(change), Summary(Stated.Running), Summary(Stated.Head));

        Assert.That(result.TwoParty is not null, Is.EqualTo(isCounted));
        Assert.That(result.TwoPartyGap, isCounted ? Is.Empty : Does.Contain("was taken back at 2026-11-23 11:00 UTC"));
    }

    private static Statement Fail(string commit, string refs = "refs/heads/main") =>
        Stated.Summary("SLSA_SOURCE_LEVEL_1", commit, result: "FAILED", refs: refs);

    [Test]
    public void ALevelOfACommitBelowTheHeadSaysAiAndThatOfWhatRunsDoesNot()
    {
        var question = Stated.Question() with { AiLevels = [Own] };
        var below = s_vsa.Says(Stated.Summary(Own, Stated.Between));
        var runs = s_vsa.Says(Stated.Summary(Own, Stated.Running));

        Assert.That(Evaluate(question, [.. s_twoPushes, below]).Origin, Is.EqualTo(OriginVerdict.Ai));
        Assert.That(Evaluate(question, [.. s_twoPushes, runs]).Origin, Is.EqualTo(OriginVerdict.NotAi));
    }

    private static void AssertGap(string commit, params FoundAttestation[] found)
    {
        var result = Evaluate(found);
        Assert.That(result.TwoParty, Is.Null);
        Assert.That(result.TwoPartyGap, Does.StartWith($"no verification summary of {commit} that counts "));
    }

    private static FoundAttestation Summary(string commit) => s_vsa.Says(Stated.TwoParty(commit), commit);

    private static ImageProvenance Evaluate(params FoundAttestation[] found) => Evaluate(Stated.Question(), found);

    private static ImageProvenance Evaluate(ImageQuestion question, params FoundAttestation[] found) =>
        OriginEvaluator.Evaluate(question, AttestationVerifier.Verify(found, s_keys), Some.Now);
}
