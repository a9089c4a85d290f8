using DeployGuard.Core.Changes;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The revisions that are kept for a workload: its ReplicaSets, or its ControllerRevisions. Anybody can write an ownerReference, so only
/// objects with a verified owner count. Workloads of other kinds have no history, whatever names them as its owner.
/// </summary>
internal static class KeptRevisions
{
    public static IReadOnlyList<OwnedRevision> Of(ObservedWorkload workload, ClusterCaches caches)
    {
        if (workload.Uid.Length == 0)
        {
            return [];
        }

        var kept = new List<OwnedRevision>();
        foreach (var set in caches.OwnedBy(workload, BuiltInKinds.ReplicaSet))
        {
            if (HoldsRevisionOf(workload, set))
            {
                kept.Add(set.AsRevision);
            }
        }

        foreach (var revision in caches.RevisionsOf(workload))
        {
            if (HoldsRevisionOf(workload, revision))
            {
                kept.Add(Owned(revision.Under(workload)));
            }
        }

        return kept;
    }

    /// <summary>The revisions among objects of the workload's namespace, with their images.</summary>
    public static IEnumerable<(OwnedRevision Revision, IReadOnlyList<string> Images)> Of(
        ObservedWorkload workload,
        IEnumerable<ObservedWorkload> live,
        IEnumerable<ObservedRevision> revisions
    ) =>
        live.Where(s => HoldsRevisionOf(workload, s))
            .Select(s => (s.AsRevision, s.Images))
            .Concat(revisions.Where(r => HoldsRevisionOf(workload, r)).Select(r => (Owned(r.Under(workload)), r.Images)));

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

    /// <summary>
    /// The controller of a custom kind keeps revisions in its own way, so only the whole reference is compared. Requests on custom kinds
    /// are decided without this history: it only tells what the adoption records.
    /// </summary>
    private static bool HoldsRevisionOf(ObservedWorkload workload, ObservedWorkload set) =>
        set.Ref.Type.HoldsOneRevision
        && set.ControllerUid == workload.Uid
        && (
            workload.Ref.Type.IsCustom
                ? set.Spec.OwnerReferences.Any(o =>
                    o is { IsController: true } && (o.Uid, o.Kind, o.Name) == (workload.Uid, workload.Ref.Kind, workload.Ref.Name)
                )
                : Ownership.IsOwnerOf(workload.Spec, set.Spec)
        );

    private static bool HoldsRevisionOf(ObservedWorkload workload, ObservedRevision revision) =>
        revision.ControllerUid == workload.Uid
        && (workload.Ref.Type.IsCustom || Ownership.IsOwnerOfRevision(workload.Spec, revision.Name, revision.Template));
}
