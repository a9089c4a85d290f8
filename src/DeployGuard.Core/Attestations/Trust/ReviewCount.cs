using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>Which reviews of a part of the range count, and why others do not.</summary>
internal sealed class ReviewCount(ImageQuestion question, IReadOnlySet<string> authors, DateTimeOffset now)
{
    /// <summary>Persons: one human has several names and one vote.</summary>
    public static StringComparer Persons => StringComparer.OrdinalIgnoreCase;

    /// <param name="part">The statements about one part; the stricter wins, so one that takes a review back counts for all.</param>
    public IReadOnlyList<CountedReview> Of(IReadOnlyList<JudgedStatement> part)
    {
        var all = part.SelectMany(s => (s.Change?.Approvals ?? []).Select(a => (Statement: s, Approval: a))).ToList();
        var takenBack = all.Where(a => a.Approval.State is not ReviewState.Approved)
            .GroupBy(a => PersonOf(a.Approval), Persons)
            .ToDictionary(g => g.Key, g => g.Max(a => a.Approval.At), Persons);
        return
        [
            .. all.Where(a =>
                    WhyNot(a.Statement, a.Approval) is null
                    && !(takenBack.TryGetValue(PersonOf(a.Approval), out var at) && at >= a.Approval.At)
                )
                .GroupBy(a => PersonOf(a.Approval), Persons)
                .Select(g => g.OrderByDescending(a => a.Approval.At).First())
                .Select(a => new CountedReview(
                    PersonOf(a.Approval),
                    a.Approval.Approver,
                    a.Approval.Commit,
                    a.Approval.At,
                    a.Statement.Statement.Digest,
                    [.. a.Statement.Signers.Where(s => s.Role is KeyRole.SourceReview).Select(s => s.Name)]
                )),
        ];
    }

    /// <summary>The reviews of a statement that cannot count, each with its reason.</summary>
    public IEnumerable<StatementFinding> NotCounted(JudgedStatement statement) =>
        from approval in statement.Change?.Approvals ?? []
        let why = WhyNot(statement, approval)
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

    private string PersonOf(StatedApproval approval) => question.PersonOf(approval.Approver);
}
