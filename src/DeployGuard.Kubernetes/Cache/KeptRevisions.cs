using DeployGuard.Core.Changes;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>The revisions that are kept for a workload: its ReplicaSets, or its ControllerRevisions.</summary>
internal static class KeptRevisions
{
    public static IReadOnlyList<OwnedRevision> Of(ObservedWorkload workload, ClusterCaches caches) =>
        workload.Uid.Length == 0
            ? []
            :
            [
                .. caches.OwnedBy(workload, BuiltInKinds.ReplicaSet).Select(Owned),
                .. caches.RevisionsOf(workload).Select(r => Owned(r.Under(workload))),
            ];

    /// <summary>The object that holds the current revision of a workload; null if its kind keeps none.</summary>
    public static OwnedRevision? CurrentOf(ObservedWorkload workload, ClusterCaches caches) =>
        Of(workload, caches).FirstOrDefault(r => r.TemplateHash == workload.TemplateHash);

    public static OwnedRevision Owned(ObservedWorkload set) =>
        new(set.Ref.Name, set.TemplateHash, set.Uid)
        {
            LegacyHash = set.Spec.Template.LegacyHash,
            RestartTimes = set.Spec.Template.RestartTimes,
            Claims = OriginReader.ClaimsOf(set.Spec),
        };

    public static OwnedRevision Owned(ObservedRevision revision) =>
        new(revision.Name, revision.TemplateHash, revision.Uid) { LegacyHash = revision.LegacyHash, RestartTimes = revision.RestartTimes };
}
