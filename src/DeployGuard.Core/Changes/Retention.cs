namespace DeployGuard.Core.Changes;

/// <summary>Which Changes of a workload may be forgotten. What waits, what runs, what can be gone back to and what is unreviewed stays.</summary>
public static class Retention
{
    private const int LeastKept = 5;
    private const int MaxShortLived = 200;

    /// <summary>How long what came to nothing, and what is left of a deleted workload, stays for auditors.</summary>
    public static readonly TimeSpan KeepsExpired = TimeSpan.FromDays(7);
    public static readonly TimeSpan KeepsDeleted = TimeSpan.FromDays(30);

    /// <summary>Of pods and jobs that are gone, or that nobody watches, what is more than the newest of each who asked.</summary>
    /// <param name="changes">All of them in one namespace.</param>
    public static IEnumerable<Change> Surplus(IReadOnlyList<Change> changes) => changes
        .Where(c => !c.IsUnreviewed && !c.Waits && c.Phase is not (Phase.Pending or Phase.Rejected))
        .GroupBy(c => c.Requesters is [var first, ..] ? first : "")
        .SelectMany(mine => mine.OrderByDescending(c => c.LastAskedAt > c.Since ? c.LastAskedAt : c.Since).Skip(MaxShortLived));

    /// <param name="changes">All of one workload.</param>
    /// <param name="runs">Hash of what it runs now; null if the workload is gone.</param>
    /// <param name="historyLimit">Its revisionHistoryLimit.</param>
    public static IEnumerable<Change> Expendable(IReadOnlyList<Change> changes, string? runs, int historyLimit, DateTimeOffset now)
    {
        var kept = Math.Max(LeastKept, historyLimit + 1);
        // Without what is known to work, a pool whose steps nobody has held yet would be taken for a new one.
        var known = changes.Where(c => c.Phase is Phase.Proven && !c.IsUnreviewed).MaxBy(c => c.Since);
        var done = changes.Where(c => c != known).Where(c => c.Phase is Phase.Completed or Phase.Proven && c.TemplateHash != runs && !c.IsUnreviewed)
            // Whoever goes back to one keeps it.
            .OrderByDescending(c => c.LastAskedAt > c.Since ? c.LastAskedAt : c.Since)
            // What runs is one of those that are kept.
            .Skip(runs is null ? kept : kept - 1);
        var old = changes.Where(c => !c.IsUnreviewed && now - c.Since >= (c.Phase is Phase.Expired ? KeepsExpired : KeepsDeleted)
            && (c.Phase is Phase.Expired || (runs is null && c.Phase is Phase.Completed or Phase.Proven)));
        return done.Concat(old).Distinct().Where(c => runs is null || c != known);
    }
}
