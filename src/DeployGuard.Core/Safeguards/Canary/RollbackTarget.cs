using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The revisions that a workload may go back to at once, at any pace, and from which it may go on to another: those that are proven for the
/// users of the pool. To be sent back to any other would lead to the same refusal.
/// </summary>
internal static class RollbackTarget
{
    /// <param name="left">Hash of the revision that the rollback leaves, or that was refused.</param>
    public static IReadOnlyList<Change> Proven(WorkloadRef workload, string left, PoolAssessment pool, Inspection inspection) =>
        [.. Admitted(workload, left, inspection).Where(c => IsProvenIn(pool, c))];

    /// <summary>
    /// How to go back, as the end of a sentence: <c>roll it back first: kubectl rollout undo ...</c>; null if no target is proven.
    /// </summary>
    /// <param name="runs">Hash of the revision that runs now.</param>
    public static string? Offer(WorkloadRef workload, string runs, PoolAssessment pool, Inspection inspection)
    {
        if (workload.Type.InPlace is null || Proven(workload, runs, pool, inspection).Count == 0)
        {
            return null;
        }

        var by = Edits.By(inspection.Evaluated.Request);
        var release = Deployers.Release(inspection.Evaluated.Before);
        return by is Deployer.Helm
                ? $"first go back to a revision that is proven: helm rollback {release} REVISION -n {workload.Namespace}, with "
                    + "one of helm history "
                    + release
            : by.Source() is { } source ? $"first revert {source} to a revision that is proven"
            // An undo goes to the revision before the current one.
            : Admitted(workload, runs, inspection).MaxBy(c => c.Since > c.LastRequestedAt ? c.Since : c.LastRequestedAt) is { } last
            && IsProvenIn(pool, last)
                ? $"roll it back first: kubectl rollout undo {workload.KubectlName} -n {workload.Namespace}"
            : $"first roll back to a revision that is proven ({History(workload)})";
    }

    public static string History(WorkloadRef workload) => $"kubectl rollout history {workload.KubectlName} -n {workload.Namespace}";

    private static IEnumerable<Change> Admitted(WorkloadRef workload, string left, Inspection inspection) =>
        ChangeLookup.Of(inspection.Cluster.Namespace?.Changes ?? []).Of(workload).Where(c => !c.HasHash(left) && c.WasAdmitted);

    /// <summary>A record without pools is of one that the leader has not observed since, or that was adopted.</summary>
    private static bool IsProvenIn(PoolAssessment pool, Change change) =>
        ProvenRevisions.IsProven(change)
        && (change.Served.Count == 0 || change.Served.Any(s => s.Pool == pool.Pool.Name && (!s.WasOnlyUnproven || change.Adopted)));
}
