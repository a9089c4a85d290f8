using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>Which reviews of a statement count: by a human, of the head, not by an author, one for each person.</summary>
public class StatedReviewTests
{
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);
    private static readonly Signer s_second = new("second", KeyRole.SourceReview);
    private static readonly KeySet s_keys = KeySet.Of(s_review.Trusted, s_second.Trusted);

    private static IEnumerable<TestCaseData<StatedApproval, string>> Uncounted() =>
        [
            new(Stated.Review("github:1001"), "its approver is an author of the change"),
            new(Stated.Review("GitHub:1001"), "its approver is an author of the change"),
            new(Stated.Review("github:2002") with { Kind = ApproverKind.Bot }, "its approver is no human but Bot"),
            new(Stated.Review("github:2002") with { Kind = ApproverKind.Ai }, "its approver is no human but Ai"),
            new(Stated.Review("github:2002") with { State = ReviewState.Dismissed }, "it was dismissed"),
            new(Stated.Review("github:2002", Stated.Between), $"it is of commit {Stated.Between}, and the head is {Stated.Head}"),
            new(Stated.Review("github:2002") with { At = Some.Now.AddHours(1) }, "its time is in the future"),
        ];

    [TestCaseSource(nameof(Uncounted))]
    public void AReviewThatDoesNotCountSaysWhy(StatedApproval approval, string why)
    {
        var result = Evaluate(s_review.Says(Stated.Change() with { Approvals = [approval, Stated.Review("github:3003")] }));

        Assert.That(result.Reviews.Select(r => r.Person), Is.EqualTo(new[] { "github:3003" }));
        Assert.That(result.Findings.Single().Kind, Is.EqualTo(FindingKind.ReviewNotCounted));
        Assert.That(result.Findings.Single().What, Does.EndWith($"that does not count: {why}"));
    }

    [Test]
    public void OnePersonUnderSeveralNamesCountsOnceAndNotForTheirOwnChange()
    {
        var people = new Dictionary<string, string>
        {
            ["github:2002"] = "alice",
            ["alice@example.com"] = "Alice",
            ["me@example.com"] = "dana",
        };
        var question = Stated.Question() with { PersonOf = name => people.GetValueOrDefault(name, name) };
        var change = Stated.Change().ReviewedBy("github:2002", "alice@example.com", "github:5005") with
        {
            Authors = ["me@example.com", "dana"],
        };
        var byAuthor = Stated.Change().ReviewedBy("me@example.com") with { Authors = ["DANA"] };

        Assert.That(
            Evaluate(question, s_review.Says(change)).Reviews.Select(r => r.Person.ToLowerInvariant()),
            Is.EqualTo(new[] { "alice", "github:5005" })
        );
        Assert.That(Evaluate(question, s_review.Says(byAuthor)).Reviews, Is.Empty);
    }

    [Test]
    public void AReviewThatWasTakenBackLaterDoesNotCountInAnyStatement()
    {
        var before = Stated.Review("github:2002");
        var changesRequested = before with { State = ReviewState.ChangesRequested, At = before.At.AddMinutes(1) };
        var again = before with { At = before.At.AddMinutes(2) };
        var first = s_review.Says(Stated.Change() with { Approvals = [before] });
        var takenBack = s_second.Says(Stated.Change() with { Approvals = [changesRequested] });

        Assert.That(Evaluate(first).Reviews, Has.Count.EqualTo(1));
        Assert.That(Evaluate(first, takenBack).Reviews, Is.Empty);
        Assert.That(
            Evaluate(s_review.Says(Stated.Change() with { Approvals = [before, changesRequested, again] })).Reviews,
            Has.Count.EqualTo(1)
        );
    }

    [Test]
    public void AnAuthorOfAnyPartOfTheRangeIsNoReviewerOfIt()
    {
        var earlier = AttestationVerifier
            .Verify([s_review.Says(Stated.Change(to: Stated.Between).ReviewedBy("github:2002", "github:3003"))], s_keys)
            .Statements;
        var found = s_review.Says(
            Stated.Change(from: Stated.Between).ReviewedBy("github:2002", "github:3003") with
            {
                Authors = ["github:3003"],
            }
        );
        var result = OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify([found], s_keys), Some.Now, earlier);

        Assert.That(result.Reviews.Select(r => r.Person), Is.EqualTo(new[] { "github:2002" }));
    }

    /// <summary>In either part, the forge may have stated the older review.</summary>
    [TestCase(-40, -1)]
    [TestCase(-1, -40)]
    public void AReviewOfSeveralPartsIsAsOldAsItsOldest(int first, int second)
    {
        var result = Evaluate(
            s_review.Says(Reviewed(Stated.Running, Stated.Between, first).About(Stated.AtCommit(Stated.Between)), "first"),
            s_review.Says(Reviewed(Stated.Between, Stated.Head, second), "second")
        );

        Assert.That(result.Chain.Select(l => l.Reviews.Single().At), Is.EqualTo(new[] { Days(first), Days(second) }));
        Assert.That(result.Reviews.Single().At, Is.EqualTo(Days(-40)));

        ChangeStatement Reviewed(string from, string to, int days) =>
            Stated.Change(from, to) with
            {
                Approvals = [Stated.Review("github:2002", to) with { At = Days(days) }],
            };

        DateTimeOffset Days(int days) => Some.Now.AddDays(days);
    }

    [Test]
    public void WithoutANamedAuthorNoReviewCounts()
    {
        var result = Evaluate(s_review.Says(Stated.Change().ReviewedBy("github:2002") with { Authors = [] }));
        Assert.That((result.Origin, result.Reviews.Count), Is.EqualTo((OriginVerdict.NotAi, 0)));
        Assert.That(
            result.Findings.Single().What,
            Does.EndWith("the statement names no author, so that nobody can be told apart from them")
        );
    }

    [Test]
    public void AnAiMarkDoesNotTakeReviewsAway()
    {
        var result = Evaluate(s_review.Says(Stated.Change(ai: AiStatus.Assisted).ReviewedBy("github:2002")));
        Assert.That((result.Origin, result.Missing, result.Reviews.Count), Is.EqualTo((OriginVerdict.Ai, (MissingLink?)null, 1)));
    }

    private static ImageProvenance Evaluate(params FoundAttestation[] found) => Evaluate(Stated.Question(), found);

    private static ImageProvenance Evaluate(ImageQuestion question, params FoundAttestation[] found) =>
        OriginEvaluator.Evaluate(question, AttestationVerifier.Verify(found, s_keys), Some.Now);
}
