using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The history of a workload, from its Changes and from the revisions that the API server still has.</summary>
internal static class RevisionHistory
{
    /// <summary>The workload completed a revision with this template, under a Change of its own.</summary>
    public static bool HasCompletedRevision(string templateHash, ClusterSnapshot cluster) =>
        cluster.Changes.Any(c => c.HasCompleted && IsOf(c, templateHash, cluster))
        || (RecordsAreLost(cluster) && cluster.History.Any(h => h.TemplateHash == templateHash));

    /// <summary>
    /// The rollback's revision already served a pool's users on at least as many pods as requested now, or was proven there. Completion in
    /// another pool is no evidence for these users. For adopted revisions, and Changes of a former version, the pools were not recorded.
    /// If the records are lost, it is unknown where it served: it may only take the place of the pods that the workload has there now.
    /// </summary>
    /// <param name="pool"><see cref="Exposure.Pool.Name"/>.</param>
    /// <param name="present">The desired pods of the workload in this pool before the request; 0 if the request creates it.</param>
    public static bool HasServedAsMany(Workload after, string pool, int present, ClusterSnapshot cluster) =>
        RecordsAreLost(cluster)
            ? after.Replicas <= present
            : cluster.Changes.Any(c =>
                c.HasCompleted
                && IsOf(c, after.Template.Hash, cluster)
                && (
                    c.Served.Count == 0
                        ? IsKnownToHaveServed(c, after, present)
                        : c.Served.Any(s =>
                            s.Pool == pool
                            && (
                                (c.Phase is Phase.Proven && !s.WasOnlyUnproven)
                                || (c.Adopted && !c.IsRecovered)
                                || (s.MaxPods == 0 ? c.CompletedPods : s.MaxPods) >= after.Replicas
                            )
                        )
                )
            );

    /// <summary>By a record that names no pool.</summary>
    private static bool IsKnownToHaveServed(Change change, Workload after, int present) =>
        change.IsRecovered
            ? after.Replicas <= present
            : change.Adopted || (change.LegacyHash is not null && (change.Phase is Phase.Proven || change.CompletedPods >= after.Replicas));

    private static bool IsOf(Change change, string templateHash, ClusterSnapshot cluster) =>
        change.TemplateHash == templateHash
        || cluster.History.Any(h => h.TemplateHash == templateHash && change.IsOwnedRevision(h.Uid, templateHash));

    /// <summary>
    /// The workload has no admitted Change although it existed at the adoption, when one was recorded. A workload created later bypassed
    /// DeployGuard, so its stored revisions permit no rollback. A refused request does not count as a record: it must not block rollbacks
    /// of a workload whose records were lost.
    /// </summary>
    public static bool RecordsAreLost(ClusterSnapshot cluster) => cluster.HadRecords && !cluster.Changes.Any(c => c.WasAdmitted);
}
