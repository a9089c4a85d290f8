namespace DeployGuard.Core.Changes;

/// <summary>Which Changes of a workload may be forgotten. What waits, what runs, what can be gone back to and what is unreviewed stays.</summary>
public static class Retention
{
    private const int LeastKept = 5;

    /// <summary>How long what came to nothing, and what is left of a deleted workload, stays for auditors.</summary>
    public static readonly TimeSpan KeepsExpired = TimeSpan.FromDays(7);
    public static readonly TimeSpan KeepsDeleted = TimeSpan.FromDays(30);

    /// <param name="changes">All of one workload.</param>
    /// <param name="runs">Hash of what it runs now; null if the workload is gone.</param>
    /// <param name="historyLimit">Its revisionHistoryLimit.</param>
    public static IEnumerable<RecordedChange> Expendable(IReadOnlyList<RecordedChange> changes, string? runs, int historyLimit, DateTimeOffset now)
    {
        var kept = Math.Max(LeastKept, historyLimit + 1);
        var done = changes.Where(c => c.Phase is Phase.Completed or Phase.Proven && c.TemplateHash != runs && !c.IsUnreviewed)
            // Whoever goes back to one keeps it.
            .OrderByDescending(c => c.LastAskedAt > c.Since ? c.LastAskedAt : c.Since)
            // What runs is one of those that are kept.
            .Skip(runs is null ? kept : kept - 1);
        var old = changes.Where(c => !c.IsUnreviewed && now - c.Since >= (c.Phase is Phase.Expired ? KeepsExpired : KeepsDeleted)
            && (c.Phase is Phase.Expired || (runs is null && c.Phase is Phase.Completed or Phase.Proven)));
        return done.Concat(old).Distinct();
    }
}
