using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Which reviews of a part of the range count, and why others do not. Each review is looked at once: on a forge anybody may submit
/// thousands.
/// </summary>
internal sealed class ReviewCount(ImageQuestion question, IReadOnlySet<string> authors, DateTimeOffset now)
{
    /// <summary>Of one part. Those who reviewed last are kept.</summary>
    internal const int MostPeople = 1000;

    /// <summary>Persons: one human has several names and one vote.</summary>
    public static StringComparer Persons => StringComparer.OrdinalIgnoreCase;

    /// <param name="part">The statements about one part.</param>
    /// <param name="takenBack">When a person last took a review of it back; null if they did not.</param>
    public PartReviews Of(IReadOnlyList<JudgedStatement> part, Func<string, DateTimeOffset?> takenBack)
    {
        List<CountedReview> counted = [];
        List<StatementFinding> findings = [];
        foreach (var person in part.SelectMany(Reviews).GroupBy(r => PersonOf(r.Approval), Persons))
        {
            var last = takenBack(person.Key);
            var own = person.OrderByDescending(r => r.Approval.At).ToList();
            if (Counted(person.Key, own.FindAll(r => r.WhyNot is null && !(last >= r.Approval.At))) is { } review)
            {
                counted.Add(review);
            }
            else
            {
                findings.Add(NotCounted(own, last));
            }
        }

        return new PartReviews([.. counted.OrderByDescending(r => r.At).Take(MostPeople)], findings);
    }

    private IEnumerable<StatedReview> Reviews(JudgedStatement statement) =>
        (statement.Change?.Approvals ?? []).Select(a => new StatedReview(statement, a, WhyNotOf(statement, a)));

    /// <param name="reviews">Of one person, those that may count, the newest first.</param>
    /// <returns>As old as the review that the last of the needed keys states; null if too few keys state one.</returns>
    private CountedReview? Counted(string person, List<StatedReview> reviews)
    {
        HashSet<string> keys = new(StringComparer.Ordinal);
        List<string> names = [];
        List<string> statements = [];
        foreach (var (statement, approval, _) in reviews)
        {
            foreach (var signer in statement.Signers.Where(s => s.Role is KeyRole.SourceReview && keys.Add(s.Key.KeyId)))
            {
                names.Add(signer.Name);
                statements.Add(statement.Statement.Digest);
            }

            if (keys.Count >= question.ReviewThreshold)
            {
                // The last one has the oldest time.
                statements.Reverse();
                return new CountedReview(person, approval.Approver, approval.Commit, approval.At, [.. statements.Distinct()], names);
            }
        }

        return null;
    }

    /// <summary>Why none of a person's reviews counts: the newest one that says something of its own.</summary>
    private StatementFinding NotCounted(List<StatedReview> own, DateTimeOffset? last)
    {
        var valid = own.FindAll(r => r.WhyNot is null);
        var (statement, approval, _) = valid.Count > 0 ? valid[0] : own[0];
        var (what, remedy) =
            valid.Count == 0 ? own[0].WhyNot ?? default
            : last >= approval.At
                ? (
                    $"its approver took it back at {last:yyyy-MM-dd HH:mm} UTC",
                    "Have the head commit approved again, once what they object to is settled, then attest again"
                )
            : TooFew(valid);
        return StatementFinding.Of(
            statement.Statement,
            FindingKind.ReviewNotCounted,
            $"has a review by {VisibleText.Inline(approval.Approver)} that does not count: {what}",
            $"{remedy}."
        );
    }

    private (string What, string Remedy)? WhyNotOf(JudgedStatement statement, StatedApproval approval) =>
        approval.Kind is not ApproverKind.Human ? ($"its approver is no human but {approval.Kind}", ByAHuman)
        : approval.State is ReviewState.Dismissed ? ("it was dismissed", ByAHuman)
        : approval.State is not ReviewState.Approved
            ? ("it asks for changes", "Have its writer approve the head commit, once the changes are made, then attest again")
        : approval.Commit != statement.Commit
            ? (
                $"it is of commit {approval.Commit}, and the head is {statement.Commit}",
                "Have the head commit itself reviewed, or bring the branch up to date before the review and the merge, then attest again"
            )
        : approval.At > now + JudgementTimes.ClockSkew
            ? ("its time is in the future", "Correct the clock of the machine that states it, then attest again")
        : statement.Change is not { Authors.Count: > 0 }
            ? (
                "the statement names no author, so that nobody can be told apart from them",
                "Attest again with authors: deployguard attest reads them from the commits"
            )
        : authors.Contains(PersonOf(approval))
            ? (
                $"its approver is an author of the change{AsWhom(statement, approval)}",
                "Have somebody review it who neither wrote nor committed any of it, then attest again"
            )
        : null;

    /// <summary>
    /// The other name of the approver among the authors, which only the policy's identities tell; empty if it is the same one.
    /// </summary>
    private string AsWhom(JudgedStatement statement, StatedApproval approval)
    {
        var names = statement.Change?.Authors ?? [];
        return
            !names.Contains(approval.Approver, Persons)
            && names.FirstOrDefault(a => Persons.Equals(question.PersonOf(a), PersonOf(approval))) is { } other
            ? $", as {VisibleText.Inline(other)}: both are {VisibleText.Inline(PersonOf(approval))} by identities of the policy"
            : "";
    }

    private const string ByAHuman = "Have the head commit reviewed by a human who did not write it, then attest again";

    /// <summary>A review that too few keys state.</summary>
    private (string What, string Remedy) TooFew(List<StatedReview> valid) =>
        (
            $"{JudgedStatement.KeysOf(KeyRole.SourceReview, valid.Select(r => r.Statement).Distinct())} of "
                + $"{question.ReviewThreshold} keys of the role {KeyRole.SourceReview} state it",
            "Have the job with another key of this role state the same review: deployguard attest --approvals"
        );

    private string PersonOf(StatedApproval approval) => question.PersonOf(approval.Approver);

    private readonly record struct StatedReview(JudgedStatement Statement, StatedApproval Approval, (string What, string Remedy)? WhyNot);
}

/// <summary>The reviews of a part of the range.</summary>
/// <param name="Counted">One for each person.</param>
/// <param name="NotCounted">One for each person of whom none counts.</param>
internal sealed record PartReviews(IReadOnlyList<CountedReview> Counted, IReadOnlyList<StatementFinding> NotCounted);
