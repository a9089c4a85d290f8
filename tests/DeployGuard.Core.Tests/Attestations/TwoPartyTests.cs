using System.Text;
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
            new(s_vsa.Says(Fail(Stated.Head.ToUpperInvariant()))) { TestName = "of the commit in upper case" },
            new(s_vsa.Says(Fail(Stated.Head) with { Subjects = [StatementSubject.Of("", "sha1", Stated.Head.ToUpperInvariant())] }))
            {
                TestName = "of the commit in upper case, with another name of the digest",
            },
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

    private static readonly string s_failed = Encoding.UTF8.GetString(Fail(Stated.Head).ToJson());

    private static IEnumerable<TestCaseData<string, string>> Misshapen() =>
        [
            Replaced("a subject without a digest", "\"digest\":{", "\"uri\":{", "subject[0].digest: is missing"),
            Replaced("another type of statement", "in-toto.io/Statement/v1", "in-toto.io/Statement/v2", "_type: "),
            Replaced("a field twice", "{\"_type\":", "{\"_type\":\"x\",\"_type\":", "Duplicate"),
            Replaced("a digest twice", "\"gitCommit\":", "\"gitCommit\":\"x\",\"gitCommit\":", "Duplicate"),
            Replaced(
                "its type twice",
                "\"predicateType\":",
                "\"predicateType\":\"https://spdx.dev/Document\",\"predicateType\":",
                "Duplicate"
            ),
            Replaced("no JSON", "{\"_type\":", "{_type:", "is not strict JSON"),
            Replaced("no type of predicate", "\"predicateType\":", "\"predicatetype\":", "predicateType: is missing"),
            Replaced("an earlier version", "verification_summary/v1", "verification_summary/v0.2", "/v0.2 is another version"),
            Replaced("a later version", "verification_summary/v1", "verification_summary/v1.1", "/v1.1 is another version"),
            Replaced("other letter case", "slsa.dev/verification_summary/v1", "SLSA.dev/Verification_Summary/v1", "is another version"),
        ];

    private static TestCaseData<string, string> Replaced(string name, string what, string by, string fault)
    {
        Assert.That(s_failed, Does.Contain(what));
        return new(s_failed.Replace(what, by, StringComparison.Ordinal), fault) { TestName = $"Misshapen: {name}" };
    }

    [TestCaseSource(nameof(Misshapen))]
    public void AFailureThatCannotBeReadForAnyReasonMayDenyTheRest(string payload, string fault)
    {
        FoundAttestation Says(Signer signer) =>
            new(
                "unreadable",
                AttestationFormat.Dsse,
                Dsse.Sign(Statement.PayloadType, Encoding.UTF8.GetBytes(payload), signer.Key).ToJson()
            );
        FoundAttestation[] found = [s_change, Summary(Stated.Running), Summary(Stated.Head)];
        var result = Evaluate([.. found, Says(s_vsa)]);

        Assert.That((result.IsUnread, result.TwoParty), Is.EqualTo((true, (TwoPartyReview?)null)));
        Assert.That(
            result.Findings.Single().What,
            Does.StartWith("is a verification summary by a trusted key that cannot be read").And.Contain(fault)
        );
        Assert.That(Evaluate([.. found, Says(s_review)]).IsUnread, Is.False, "its key is no verifier's");
        Assert.That(Evaluate([.. found, Says(s_former)]).TwoParty, Is.Not.Null, "anybody may have written it");
    }

    [Test]
    public void ASummaryUnderAnotherTypeOfPayloadMayDenyTheRestToo()
    {
        var envelope = Dsse.Sign("application/json", Encoding.UTF8.GetBytes(s_failed), s_vsa.Key);
        var odd = new FoundAttestation("odd", AttestationFormat.Dsse, envelope.ToJson());

        Assert.That(Evaluate(s_change, Summary(Stated.Running), Summary(Stated.Head), odd).IsUnread, Is.True);
    }

    /// <summary>A list of components, which its key may sign too.</summary>
    [Test]
    public void WhatIsAboutSomethingElseAndCannotBeReadDeniesNothing()
    {
        var list = s_failed
            .Replace(SourceSummary.PredicateType, "https://spdx.dev/Document", StringComparison.Ordinal)
            .Replace("\"digest\":{", "\"uri\":{\"verification_summary\":\"deployguard.io\",", StringComparison.Ordinal);
        var envelope = Dsse.Sign(Statement.PayloadType, Encoding.UTF8.GetBytes(list), s_vsa.Key);
        var other = new FoundAttestation("list", AttestationFormat.Dsse, envelope.ToJson());
        var result = Evaluate(s_change, Summary(Stated.Running), Summary(Stated.Head), other);

        Assert.That(result.TwoParty, Is.Not.Null);
        Assert.That(result.Findings.Single().Kind, Is.EqualTo(FindingKind.Unreadable));
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
    [TestCase(ReviewState.ChangesRequested, -1, false, false)]
    [TestCase(ReviewState.ChangesRequested, -3, false, true)]
    [TestCase(ReviewState.ChangesRequested, -1, true, false)]
    [TestCase(ReviewState.Dismissed, -1, false, false)]
    [TestCase(ReviewState.Dismissed, -1, true, false)]
    public void ASummaryDoesNotOutliveAReview(ReviewState state, int takenBackAt, bool hasAnother, bool isCounted)
    {
        var takenBack = Stated.Review("github:2002") with { State = state, At = Some.Now.AddHours(takenBackAt) };
        var change = Stated.Change() with
        {
            Approvals = [takenBack, .. hasAnother ? [Stated.Review("github:3003")] : (StatedApproval[])[]],
        };
        var result = Evaluate(s_review.Says(change), Summary(Stated.Running), Summary(Stated.Head));

        Assert.That(result.TwoParty is not null, Is.EqualTo(isCounted));
        Assert.That(result.TwoPartyGap, isCounted ? Is.Empty : Does.Contain("was taken back, as stated at 2026-11-23 11:00 UTC"));
    }

    /// <summary>GitHub keeps the time of the review, of two hours before the summary, and gives none of its dismissal.</summary>
    [TestCase(-90, false)]
    [TestCase(-120, false)]
    [TestCase(-121, true)]
    public void ADismissalMayBeAsNewAsTheStatementThatSaysSo(int statedAt, bool isCounted)
    {
        var dismissed = Stated.Review("github:2002") with { State = ReviewState.Dismissed, At = Some.Now.AddHours(-4) };
        var first = Stated.Change() with { Approvals = [dismissed], IssuedAt = Some.Now.AddMinutes(statedAt) };
        // A repeated job states it again: it was known since the first time.
        var again = first with
        {
            IssuedAt = Some.Now.AddMinutes(-1),
        };
        var result = Evaluate(s_review.Says(again, "again"), s_review.Says(first, "first"), Summary(Stated.Running), Summary(Stated.Head));

        Assert.That(result.TwoParty is not null, Is.EqualTo(isCounted));
    }

    /// <summary>Its holder can state any time, and what a dismissal ends must not depend on a key that counts for nothing else.</summary>
    [Test]
    public void AKeyThatExpiredMakesNoDismissalOlder()
    {
        var former = new Signer("former", KeyRole.SourceReview);
        var keys = KeySet.Of(s_review.Trusted, s_vsa.Trusted, former.Trusted with { NotAfter = Some.Now.AddDays(-1) });
        var dismissed = Stated.Review("github:2002") with { State = ReviewState.Dismissed, At = Some.Now.AddHours(-4) };
        var change = Stated.Change() with { Approvals = [dismissed], IssuedAt = Some.Now.AddHours(-1) };
        FoundAttestation[] found =
        [
            s_review.Says(change, "told"),
            former.Says(change with { IssuedAt = Some.Now.AddHours(-4) }, "dated back"),
            Summary(Stated.Running),
            Summary(Stated.Head),
        ];

        var result = OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify(found, keys), Some.Now);

        Assert.That(result.TwoParty, Is.Null);
    }

    /// <summary>That another review was dismissed is no news of this one.</summary>
    [Test]
    public void EachReviewIsDismissedByItself()
    {
        var first = Stated.Review("github:2002") with { State = ReviewState.Dismissed, At = Some.Now.AddHours(-5) };
        var earlier = Stated.Change() with { Approvals = [first], IssuedAt = Some.Now.AddHours(-4) };

        foreach (var second in (StatedApproval[])[first with { At = Some.Now.AddHours(-3) }, first with { Approver = "github:3003" }])
        {
            var later = Stated.Change() with { Approvals = [first, second] };
            FoundAttestation[] found = [s_review.Says(earlier, "earlier"), Summary(Stated.Running), Summary(Stated.Head)];

            Assert.That(Evaluate(found).TwoParty, Is.Not.Null);
            Assert.That(Evaluate([.. found, s_review.Says(later, "later")]).TwoParty, Is.Null);
        }
    }

    private static IEnumerable<TestCaseData<Statement>> Lesser() =>
        [
            new(Stated.Summary("SLSA_SOURCE_LEVEL_1", at: Some.Now.AddHours(-1))) { TestName = "later, of level 1" },
            new(Stated.Summary("SLSA_SOURCE_LEVEL_3", at: Some.Now.AddHours(-1))) { TestName = "later, without a review" },
            new(Stated.Summary("SLSA_SOURCE_LEVEL_1", at: Some.Now.AddHours(-2))) { TestName = "of the same time" },
            new(Stated.Summary("SLSA_SOURCE_LEVEL_1", at: Some.Now.AddHours(1))) { TestName = "of the future" },
            new(Stated.Summary("SLSA_SOURCE_LEVEL_1")) { TestName = "without a time" },
            new(Stated.Summary("SLSA_SOURCE_LEVEL_1", Stated.Head.ToUpperInvariant(), at: Some.Now.AddHours(-1)))
            {
                TestName = "of the commit in upper case",
            },
            new(Stated.Summary("SLSA_SOURCE_LEVEL_1", Stated.Running, at: Some.Now.AddHours(-1))) { TestName = "of what runs" },
        ];

    [TestCaseSource(nameof(Lesser))]
    public void WhatAVerifierSaidLastOfACommitDecides(Statement last)
    {
        var result = Evaluate(s_change, Summary(Stated.Running), Summary(Stated.Head), s_vsa.Says(last, "last"));

        Assert.That(result.TwoParty, Is.Null);
        Assert.That(result.TwoPartyGap, Does.StartWith("the last verification summary of ").And.EndWith("Ask the verifier why"));
    }

    [Test]
    public void AnEarlierOneAndThatOfAnotherVerifierTakeNothingAway()
    {
        var other = new Signer("levels", KeyRole.Vsa, "https://levels.example.com");
        var keys = KeySet.Of(s_review.Trusted, s_vsa.Trusted, other.Trusted);
        FoundAttestation[] found =
        [
            s_change,
            Summary(Stated.Running),
            Summary(Stated.Head),
            s_vsa.Says(Stated.Summary("SLSA_SOURCE_LEVEL_1", at: Some.Now.AddHours(-3)), "earlier"),
            other.Says(Stated.Summary("SLSA_SOURCE_LEVEL_1", verifier: "https://levels.example.com", at: Some.Now), "other"),
        ];

        var result = OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify(found, keys), Some.Now);

        Assert.That(result.TwoParty?.At, Is.EqualTo(Some.Now.AddHours(-2)));
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
