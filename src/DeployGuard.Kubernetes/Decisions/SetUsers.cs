using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>
/// The Deployments that may use a ReplicaSet, and the ReplicaSets that they may use; for the few requests where it matters.
/// </summary>
internal static class SetUsers
{
    /// <param name="parent">The workload of a <c>/scale</c> request.</param>
    /// <returns>None for a request that is not on a ReplicaSet, or that a controller sent.</returns>
    public static IReadOnlyList<Workload> Of(Request request, Workload? parent, ClusterCaches caches)
    {
        if (!request.Target.Type.HoldsOneRevision || request.Requester.IsControlPlane)
        {
            return [];
        }

        List<Workload> sets =
        [
            .. (request is WorkloadRequest workload ? new[] { workload.Before, workload.After } : [parent]).OfType<Workload>(),
        ];
        return
        [
            .. caches
                .Workloads[BuiltInKinds.Deployment.Name]
                .Under(request.Target.Namespace)
                .Select(d => d.Spec)
                .Where(d => sets.Any(s => Ownership.MayUse(d, s))),
        ];
    }

    public static IReadOnlyList<RevisionSet> SetsOf(Request request, Workload? parent, IReadOnlyList<Workload> users, ClusterCaches caches)
    {
        var changed = request is WorkloadRequest workload ? workload.After ?? workload.Before : parent;
        return changed switch
        {
            { Type.HasReplicaSets: true, Strategy.Paused: true } => UsedBy([changed], changed.Ref.Namespace, caches),
            { Type.HoldsOneRevision: true } when !request.Requester.IsControlPlane =>
            [
                WithChanges(changed, caches),
                .. UsedBy(users, changed.Ref.Namespace, caches).Where(s => s.Set.Ref != changed.Ref),
            ],
            _ => [],
        };
    }

    private static IReadOnlyList<RevisionSet> UsedBy(IReadOnlyList<Workload> deployments, string @namespace, ClusterCaches caches) =>
        deployments.Count == 0
            ? []
            :
            [
                .. caches
                    .Workloads[BuiltInKinds.ReplicaSet.Name]
                    .Under(@namespace)
                    .Select(s => s.Spec)
                    .Where(s => deployments.Any(d => Ownership.MayUse(d, s)))
                    .Select(s => WithChanges(s, caches)),
            ];

    private static RevisionSet WithChanges(Workload set, ClusterCaches caches) =>
        new(
            set,
            RevisionSet.DeploymentOf(set.Ref) is { } deployment
                ? caches.Translation.Changes(caches.Changes.Under(ClusterCaches.WorkloadKey(deployment)))
                : []
        );
}
