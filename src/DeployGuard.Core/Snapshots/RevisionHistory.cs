using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>What a workload went through, from the records and from what the API server still holds.</summary>
internal static class RevisionHistory
{
    /// <summary>The workload completed a revision with this template, under a Change of its own.</summary>
    public static bool WentThrough(string templateHash, ClusterSnapshot cluster) =>
        cluster.Changes.Any(c => c.HasCompleted && IsOf(c, templateHash, cluster))
        || (RecordsAreLost(cluster) && cluster.History.Any(h => h.TemplateHash == templateHash));

    /// <summary>
    /// The revision gone back to served the users of a pool before: on at least as many pods as are asked for now, or as proven. What completed elsewhere has shown nothing to
    /// these. Of what was adopted, or recorded by a former version, nobody noted where it served.
    /// </summary>
    /// <param name="pool"><see cref="Exposure.Pool.Name"/>.</param>
    public static bool ServedAsMany(Workload after, string pool, ClusterSnapshot cluster) =>
        RecordsAreLost(cluster)
        || cluster.Changes.Any(c => c.HasCompleted && IsOf(c, after.Template.Hash, cluster)
                && (c.Served.Count == 0
                    ? c.Adopted || (c.LegacyHash is not null && (c.Phase is Phase.Proven || c.CompletedPods >= after.Replicas))
                    : c.Served.Any(s => s.Pool == pool && ((c.Phase is Phase.Proven && !s.IsTrial) || c.Adopted || (s.Most == 0 ? c.CompletedPods : s.Most) >= after.Replicas))));

    private static bool IsOf(Change change, string templateHash, ClusterSnapshot cluster) =>
        change.TemplateHash == templateHash || cluster.History.Any(h => h.TemplateHash == templateHash && change.IsOwnedRevision(h.Uid, templateHash));

    /// <summary>
    /// Nothing on record was ever let in, though the workload was there when what ran was adopted: it had records. One that came later came past us, and what it
    /// holds is nobody's way back. What waits does not count: a refusal just now must not close the way back of a workload whose records were lost.
    /// </summary>
    public static bool RecordsAreLost(ClusterSnapshot cluster) => cluster.HadRecords && !cluster.Changes.Any(c => c.WasAdmitted);
}
