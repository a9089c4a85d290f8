using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>Which reviews of a part of the range count, and why others do not.</summary>
internal sealed class ReviewCount(ImageQuestion question, IReadOnlySet<string> authors, DateTimeOffset now)
{
    /// <summary>Persons: one human has several names and one vote.</summary>
    public static StringComparer Persons => StringComparer.OrdinalIgnoreCase;

    /// <param name="part">The statements about one part.</param>
    /// <param name="takenBack">When a person last took a review of it back; null if they did not.</param>
    public IReadOnlyList<CountedReview> Of(IReadOnlyList<JudgedStatement> part, Func<string, DateTimeOffset?> takenBack)
    {
        var all = part.SelectMany(s => (s.Change?.Approvals ?? []).Select(a => (Statement: s, Approval: a))).ToList();
        return
        [
            .. all.Where(a => WhyNot(a.Statement, a.Approval) is null && !(takenBack(PersonOf(a.Approval)) >= a.Approval.At))
                .GroupBy(a => PersonOf(a.Approval), Persons)
                .Where(g => KeysOf(g.Select(a => a.Statement)) >= question.ReviewThreshold)
                .Select(g => Counted(g.Key, [.. g.OrderByDescending(a => a.Approval.At)])),
        ];
    }

    /// <param name="reviews">Of one person, the newest first.</param>
    private CountedReview Counted(string person, List<(JudgedStatement Statement, StatedApproval Approval)> reviews)
    {
        // As old as the review that the last of the needed keys states.
        var enough = Enumerable
            .Range(1, reviews.Count)
            .First(n => KeysOf(reviews.Take(n).Select(r => r.Statement)) >= question.ReviewThreshold);
        var (statement, approval) = reviews[enough - 1];
        return new CountedReview(
            person,
            approval.Approver,
            approval.Commit,
            approval.At,
            statement.Statement.Digest,
            [
                .. reviews
                    .Take(enough)
                    .SelectMany(r => r.Statement.Signers.Where(s => s.Role is KeyRole.SourceReview))
                    .Select(s => s.Name)
                    .Distinct(),
            ]
        );
    }

    /// <summary>The reviews of a statement that cannot count, each with its reason.</summary>
    /// <param name="part">All statements about the same part.</param>
    /// <param name="takenBack">As in <see cref="Of"/>.</param>
    public IEnumerable<StatementFinding> NotCounted(
        JudgedStatement statement,
        IReadOnlyList<JudgedStatement> part,
        Func<string, DateTimeOffset?> takenBack
    ) =>
        from approval in statement.Change?.Approvals ?? []
        let person = PersonOf(approval)
        let last = Of(part, takenBack).Any(r => Persons.Equals(r.Person, person)) ? null : takenBack(person)
        let why = WhyNot(statement, approval)
            ?? (last >= approval.At ? $"its approver took it back at {last:yyyy-MM-dd HH:mm} UTC" : TooFew(approval, part))
        where why is not null
        select StatementFinding.Of(
            statement.Statement,
            FindingKind.ReviewNotCounted,
            $"has a review by {VisibleText.Inline(approval.Approver)} that does not count: {why}",
            "Have the head commit reviewed by a human who did not write it, then attest again."
        );

    private string? WhyNot(JudgedStatement statement, StatedApproval approval) =>
        approval.Kind is not ApproverKind.Human ? $"its approver is no human but {approval.Kind}"
        : approval.State is not ReviewState.Approved ? $"its state is {approval.State}"
        : approval.Commit != statement.Commit ? $"it is of commit {approval.Commit}, and the head is {statement.Commit}"
        : approval.At > now + JudgementTimes.ClockSkew ? "its time is in the future"
        : statement.Change is not { Authors.Count: > 0 } ? "the statement names no author, so that nobody can be told apart from them"
        : authors.Contains(PersonOf(approval)) ? "its approver is an author of the change"
        : null;

    /// <summary>Why a review does not count that too few keys state.</summary>
    private string? TooFew(StatedApproval approval, IReadOnlyList<JudgedStatement> part)
    {
        var stating = KeysOf(
            part.Where(s => (s.Change?.Approvals ?? []).Any(a => Persons.Equals(PersonOf(a), PersonOf(approval)) && WhyNot(s, a) is null))
        );
        return stating < question.ReviewThreshold
            ? $"{stating} of {question.ReviewThreshold} keys of the role {KeyRole.SourceReview} state it"
            : null;
    }

    private static int KeysOf(IEnumerable<JudgedStatement> statements) => JudgedStatement.KeysOf(KeyRole.SourceReview, statements);

    private string PersonOf(StatedApproval approval) => question.PersonOf(approval.Approver);
}
