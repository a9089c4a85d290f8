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

    /// <summary>
    /// By commit. A forge may give no time of a dismissal, and GitHub states that of the review: then it was dismissed at any time before
    /// the first statement that says so. Of several keys the latest counts: one that expired or was stolen could state an earlier time.
    /// </summary>
    private readonly Dictionary<string, DateTimeOffset> _knownSince = new(StringComparer.Ordinal);

    public TakenBackReviews(IEnumerable<JudgedStatement> all, ImageQuestion question)
    {
        HashSet<(string Person, string Commit, DateTimeOffset At, string Key)> stated = [];
        foreach (var statement in all.Where(IsOfForge).OrderBy(s => s.Change?.IssuedAt))
        {
            var keys = statement.Statement.Signers.Where(k => k.Role is KeyRole.SourceReview).Select(k => k.Key.KeyId).ToList();
            foreach (var approval in (statement.Change?.Approvals ?? []).Where(a => a.State is not ReviewState.Approved))
            {
                var person = question.PersonOf(approval.Approver);
                if (!_last.TryGetValue(person, out var own))
                {
                    _last[person] = own = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
                }

                // The one that was reviewed, and the head of the statement that says so.
                foreach (var commit in ((string?[])[approval.Commit, statement.Change?.Source.HeadCommit]).OfType<string>())
                {
                    Keep(own, commit, approval.At);
                    if (keys.FindAll(k => stated.Add((person, commit, approval.At, k))).Count > 0)
                    {
                        Keep(_knownSince, commit, KnownSince(approval, statement.Change));
                    }
                }
            }
        }
    }

    /// <summary>When a person last took a review of any of these commits back; null if they did not.</summary>
    public DateTimeOffset? Last(string person, IReadOnlySet<string> commits) =>
        _last.TryGetValue(person, out var own) ? Last(own, commits) : null;

    /// <summary>Since when it is known that anybody did.</summary>
    public DateTimeOffset? LastOfAll(IReadOnlySet<string> commits) => Last(_knownSince, commits);

    private static bool IsOfForge(JudgedStatement statement) =>
        statement.Change is not null && statement.Statement.Signers.Any(k => k.Role is KeyRole.SourceReview);

    private static DateTimeOffset KnownSince(StatedApproval approval, ChangeStatement? change) =>
        approval.State is ReviewState.Dismissed && change?.IssuedAt > approval.At ? change.IssuedAt : approval.At;

    /// <summary>The shorter list is gone through.</summary>
    private static DateTimeOffset? Last(Dictionary<string, DateTimeOffset> own, IReadOnlySet<string> commits) =>
        own.Count < commits.Count
            ? own.Where(o => commits.Contains(o.Key)).Max(o => (DateTimeOffset?)o.Value)
            : commits.Max(c => own.TryGetValue(c, out var at) ? at : (DateTimeOffset?)null);

    private static void Keep(Dictionary<string, DateTimeOffset> last, string commit, DateTimeOffset at)
    {
        if (!(last.TryGetValue(commit, out var known) && known >= at))
        {
            last[commit] = at;
        }
    }
}
