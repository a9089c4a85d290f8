namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Reviews that their writers took back: dismissed, or followed by a request for changes. They are heard from every statement that a key of
/// the role <see cref="KeyRole.SourceReview"/> signed, whatever its base, expiry or completeness, but of no other role: the build job could
/// otherwise take away every review of the forge.
/// </summary>
internal sealed class TakenBackReviews(IEnumerable<JudgedStatement> all, ImageQuestion question)
{
    private readonly List<TakenBack> _all =
    [
        .. from statement in all
        where statement.Statement.Signers.Any(s => s.Role is KeyRole.SourceReview)
        from approval in statement.Change?.Approvals ?? []
        where approval.State is not ReviewState.Approved
        select new TakenBack(question.PersonOf(approval.Approver), approval.At, [approval.Commit, statement.Change?.Source.HeadCommit]),
    ];

    /// <summary>When a person last took a review of any of these commits back; null if they did not.</summary>
    public DateTimeOffset? Last(string person, IReadOnlySet<string> commits) =>
        _all.Where(t => ReviewCount.Persons.Equals(t.Person, person) && t.Commits.Any(c => c is not null && commits.Contains(c)))
            .Max(t => (DateTimeOffset?)t.At);

    /// <param name="Commits">The one that was reviewed, and the head of the statement that says so.</param>
    private sealed record TakenBack(string Person, DateTimeOffset At, IReadOnlyList<string?> Commits);
}
