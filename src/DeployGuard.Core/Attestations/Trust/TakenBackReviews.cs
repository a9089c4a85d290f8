namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Reviews that their writers took back: dismissed, or followed by a request for changes. They are heard from every statement that a key of
/// the role <see cref="KeyRole.SourceReview"/> signed, whatever its base, expiry or completeness, but of no other role: the build job could
/// otherwise take away every review of the forge.
/// </summary>
internal sealed class TakenBackReviews
{
    /// <summary>By person and commit, when it was last taken back: a statement may have a thousand reviews, by anybody.</summary>
    private readonly Dictionary<string, Dictionary<string, DateTimeOffset>> _last = new(ReviewCount.Persons);

    private readonly Dictionary<string, DateTimeOffset> _byCommit = new(StringComparer.Ordinal);

    public TakenBackReviews(IEnumerable<JudgedStatement> all, ImageQuestion question)
    {
        foreach (var statement in all.Where(s => s.Statement.Signers.Any(k => k.Role is KeyRole.SourceReview)))
        {
            foreach (var approval in (statement.Change?.Approvals ?? []).Where(a => a.State is not ReviewState.Approved))
            {
                var person = question.PersonOf(approval.Approver);
                if (!_last.TryGetValue(person, out var own))
                {
                    _last[person] = own = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
                }

                // The one that was reviewed, and the head of the statement that says so.
                foreach (var commit in (string?[])[approval.Commit, statement.Change?.Source.HeadCommit])
                {
                    Keep(own, commit, approval.At);
                    Keep(_byCommit, commit, approval.At);
                }
            }
        }
    }

    /// <summary>When a person last took a review of any of these commits back; null if they did not.</summary>
    public DateTimeOffset? Last(string person, IReadOnlySet<string> commits) =>
        _last.TryGetValue(person, out var own) ? Last(own, commits) : null;

    /// <summary>When anybody did.</summary>
    public DateTimeOffset? LastOfAll(IReadOnlySet<string> commits) => Last(_byCommit, commits);

    /// <summary>The shorter list is gone through.</summary>
    private static DateTimeOffset? Last(Dictionary<string, DateTimeOffset> own, IReadOnlySet<string> commits) =>
        own.Count < commits.Count
            ? own.Where(o => commits.Contains(o.Key)).Max(o => (DateTimeOffset?)o.Value)
            : commits.Max(c => own.TryGetValue(c, out var at) ? at : (DateTimeOffset?)null);

    private static void Keep(Dictionary<string, DateTimeOffset> last, string? commit, DateTimeOffset at)
    {
        if (commit is not null && !(last.TryGetValue(commit, out var known) && known >= at))
        {
            last[commit] = at;
        }
    }
}
