using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>Who reviews a break-glass, and with which command: at any time after it admitted the revision.</summary>
internal static class ReviewAdvice
{
    /// <summary>Null if there is nothing to review.</summary>
    public static string? Of(Change change)
    {
        var uses = change.BreakGlassUses.Where(u => u.ReviewedBy is null).ToList();
        return uses.Count == 0 ? null
            : IsRejected(change)
                ? $"Its reviewer rejected it, and it still runs: go back with {Undo(change)}, or the rejection is withdrawn: kubectl "
                    + $"deployguard withdraw {change.Name} -n {change.Workload.Namespace}"
            : $"{Waiting(uses)} review. Another person reviews it, now or later: {Command(change.Name, change.Workload.Namespace)}";
    }

    private static string Waiting(IReadOnlyList<BreakGlassUse> uses)
    {
        var names = uses.Select(u => u.Name).Distinct().ToList();
        return $"Break-glass {string.Join(" and ", names)} of {string.Join(" and ", uses.Select(u => u.By).Distinct())} "
            + (names.Count == 1 ? "waits for its" : "wait for their");
    }

    public static string Undo(Change change) => $"kubectl rollout undo {change.Workload.KubectlName} -n {change.Workload.Namespace}";

    /// <summary>A reviewer rejected it, and it runs all the same.</summary>
    public static bool IsRejected(Change change) => OpenRequirements.IsReview(change.Missing) && change.Missing != OpenRequirements.Review;

    /// <summary>The same for every revision of a workload: one that is over needs its review too.</summary>
    public static IEnumerable<string> OfAll(WorkloadRef workload, IEnumerable<Change> changes) =>
        changes.Where(c => c.Workload == workload && c.WasAdmitted).Select(Of).OfType<string>();

    public static string Command(string change, string @namespace) => $"kubectl deployguard approve {change} -n {@namespace}";
}
