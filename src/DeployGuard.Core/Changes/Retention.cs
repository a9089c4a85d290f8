namespace DeployGuard.Core.Changes;

/// <summary>Which Changes may be deleted. Those that are pending, running, unreviewed or possible rollback targets stay.</summary>
public static class Retention
{
    private const int LeastKept = 5;
    private const int MaxShortLived = 200;

    /// <summary>How long expired Changes, and Changes that were withdrawn or whose workload is deleted, are kept for auditors.</summary>
    public static readonly TimeSpan ExpiredRetention = TimeSpan.FromDays(7);
    public static readonly TimeSpan DeletedRetention = TimeSpan.FromDays(30);

    /// <summary>Of Pods and Jobs that are deleted or not watched: all Changes except the newest of each first requester.</summary>
    /// <param name="changes">All of them in one namespace.</param>
    public static IEnumerable<Change> Surplus(IReadOnlyList<Change> changes) =>
        changes
            .Where(c => !c.AwaitsReview && !c.HasOpenRequirements && c.Phase is not (Phase.Pending or Phase.Rejected or Phase.Withdrawn))
            .GroupBy(c => c.Requesters is [var first, ..] ? first : "")
            .SelectMany(mine => mine.OrderByDescending(c => c.LastUsedAt).Skip(MaxShortLived));

    /// <param name="changes">All of one workload.</param>
    /// <param name="runs">Hash of what it runs now; null if the workload is gone.</param>
    /// <param name="historyLimit">Its revisionHistoryLimit.</param>
    public static IEnumerable<Change> Expendable(IReadOnlyList<Change> changes, string? runs, int historyLimit, DateTimeOffset now)
    {
        var kept = Math.Max(LeastKept, historyLimit + 1);
        // Without its last proven revision, a pool would count as a new one.
        var known = changes.Where(c => c.Phase is Phase.Proven && !c.IsUnreviewed).MaxBy(c => c.Since);
        var done = changes
            .Where(c => c != known)
            .Where(c => c.Phase is Phase.Completed or Phase.Proven && c.TemplateHash != runs && !MustStay(c))
            // A rollback to a Change makes it recent again.
            .OrderByDescending(c => c.LastUsedAt)
            // The running revision is one of those that are kept.
            .Skip(runs is null ? kept : kept - 1);
        var old = changes.Where(c =>
            !MustStay(c)
            && now - c.Since >= (c.Phase is Phase.Expired ? ExpiredRetention : DeletedRetention)
            && (c.Phase is Phase.Expired or Phase.Withdrawn || (runs is null && c.Phase is Phase.Completed or Phase.Proven))
        );
        return done.Concat(old).Distinct().Where(c => runs is null || c != known);

        // The ReplicaSet of a rejected revision may be there as long as its workload: only the record keeps it from serving again.
        bool MustStay(Change change) => runs is null ? change.AwaitsReview : change.IsUnreviewed;
    }
}
