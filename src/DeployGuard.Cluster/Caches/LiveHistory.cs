using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;

namespace DeployGuard.Cluster.Caches;

/// <summary>The revisions that the API server still holds for a workload: its ReplicaSets, or its ControllerRevisions.</summary>
internal static class LiveHistory
{
    public static IReadOnlyList<OwnedRevision> Of(string workloadUid, ClusterCaches caches) => workloadUid.Length == 0 ? [] :
    [
        .. caches.Workloads["ReplicaSet"].Under(workloadUid).Select(r => new OwnedRevision(r.Ref.Name, r.TemplateHash) { Claims = OriginReader.ClaimsOf(r.Spec) }),
        .. caches.ControllerRevisions.Under(workloadUid).Select(r => new OwnedRevision(r.Name, r.TemplateHash)),
    ];

    /// <summary>The name of the revision that a workload runs now; null where its kind keeps none.</summary>
    public static string? NameOf(ObservedWorkload workload, ClusterCaches caches) =>
        Of(workload.Uid, caches).FirstOrDefault(r => r.TemplateHash == workload.TemplateHash)?.Name;
}
