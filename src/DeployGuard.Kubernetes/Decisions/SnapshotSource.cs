using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.LiveReads;
using DeployGuard.Kubernetes.Reservations;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>Takes snapshots from the caches.</summary>
internal sealed class SnapshotSource(ClusterCaches caches, LiveFacts live, BudgetReservations budgets) : ISnapshotSource
{
    /// <summary>Of an object's name.</summary>
    private const int MaxName = 253;

    private readonly NamespaceSnapshots _namespaces = new(caches);

    public async ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel)
    {
        var target = request.Target;
        var key = ClusterCaches.WorkloadKey(target);
        var policies = caches.SortedPolicies;
        var labels =
            caches.Namespaces.Find(ObjectKey.Of("", target.Namespace))?.Labels ?? await live.NamespaceLabelsAsync(target.Namespace, cancel);
        var seen = request is WorkloadRequest { Before: { } before } ? FindLive(before) : null;
        var translation = caches.TranslationFor(request);
        var owners = OwnersOf(request);
        List<string> schedules =
            owners.Count == 0 ? [] : [.. owners.Where(o => o.Type.RunsOnSchedule).Select(o => ClusterCaches.WorkloadKey(o.Ref))];
        return new ClusterSnapshot
        {
            // A namespace is matched by its labels before and after the request.
            Policies = request is NamespaceRequest ? policies.All : policies.In(labels).All,
            NamespaceLabels = labels,
            Owners = owners,
            ScheduleChanges =
                schedules.Count == 0 ? [] : [.. schedules.SelectMany(s => caches.Translation.Changes(caches.Changes.Under(s)))],
            ScheduleVotes =
                schedules.Count == 0 ? [] : [.. schedules.SelectMany(s => caches.Translation.Approvals(caches.Approvals.Under(s)))],
            RevisionChanges = target.Type.HoldsOneRevision ? RevisionChangesOf(target, owners) : [],
            HadRecords = seen is null || AdoptedBefore.IsOnRecord(seen, policies.In(labels)),
            Parent =
                request is ScaleRequest && caches.Workloads.TryGetValue(target.Kind, out var parents)
                    ? parents.Find(ObjectKey.Of(target.Namespace, target.Name))?.Spec
                    : null,
            Changes = translation.Changes(caches.Changes.Under(key)),
            History = seen is null ? [] : KeptRevisions.Of(seen, caches),
            LiveHash = seen?.TemplateHash,
            Approvals = translation.Approvals(caches.Approvals.Under(key)),
            BreakGlasses = caches.BreakGlasses.Under(target.Namespace),
        };
    }

    public ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts)
    {
        cluster = parts.HasFlag(SnapshotParts.Namespace) ? cluster with { Namespace = NamespaceOf(request) } : cluster;
        return parts.HasFlag(SnapshotParts.Budgets) ? cluster with { Budgets = budgets.Cached(request.Target, cluster.Policies) } : cluster;
    }

    public async Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) =>
        // The same snapshot where there is nothing to add: it is not evaluated again.
        request is WorkloadRequest { After: { } asked }
        && await live.FindOtherApprovedAsync(asked, cluster, deadline) is { } other
            ? cluster with
            {
                OtherApproved = other,
            }
            : cluster;

    private IReadOnlyList<Change> RevisionChangesOf(WorkloadRef set, IReadOnlyList<Workload> owners) =>
        [
            .. owners
                .Where(o => o.Type.HasReplicaSets)
                .Select(o => o.Ref)
                .Concat(NamedLike(set))
                .Distinct()
                .SelectMany(d => caches.Translation.Changes(caches.Changes.Under(ClusterCaches.WorkloadKey(d)))),
        ];

    /// <summary>A Deployment names its ReplicaSets after itself, with a hash that has no dash; a name that is too long is cut.</summary>
    private IEnumerable<WorkloadRef> NamedLike(WorkloadRef set) =>
        set.Name.LastIndexOf('-') is not (> 0 and var dash) ? []
        : set.Name.Length < MaxName ? [BuiltInKinds.Deployment.Named(set.Namespace, set.Name[..dash])]
        : caches
            .Changes.Under(ChangeIndex.OfNamespace(set.Namespace))
            .Select(c => c.Workload)
            .Where(w => w.Type.HasReplicaSets && w.Name.StartsWith(set.Name[..dash], StringComparison.Ordinal));

    /// <summary>
    /// The object that the request says it changes, as the cache has it; null where that is another one. A review sent past the API server
    /// could name another workload's uid, and pass the history of that one off as its own.
    /// </summary>
    private ObservedWorkload? FindLive(Workload before) =>
        caches.FindWorkload(before.Ref) is { } live && live.Uid == before.Uid ? live : null;

    private NamespaceSnapshot NamespaceOf(Request request)
    {
        var snapshot = _namespaces.Of(request.Target.Namespace, caches.TranslationFor(request));
        return request is ServiceRequest { After.Target: { } target } && target.Namespace != request.Target.Namespace
            ? snapshot with
            {
                ExternalNameTarget = _namespaces.Of(target.Namespace),
            }
            : snapshot;
    }

    /// <summary>The live workloads that an object names as its owners, and those that they name: a claim, which can only tighten.</summary>
    private IReadOnlyList<Workload> OwnersOf(Request request)
    {
        if (request is WorkloadRequest { Before: null or { OwnerReferences.Count: 0 }, After: null or { OwnerReferences.Count: 0 } })
        {
            // Nearly every request of a person.
            return [];
        }

        var claims = request switch
        {
            WorkloadRequest workload => (workload.Before?.OwnerReferences ?? []).Concat(workload.After?.OwnerReferences ?? []),
            ScaleRequest when caches.FindWorkload(request.Target) is { } parent => parent.Spec.OwnerReferences,
            _ => [],
        };
        var owners = claims.Distinct().Select(c => Named(c, request.Target.Namespace)).OfType<Workload>().ToList();
        return owners.Count == 0
            ? []
            :
            [
                .. owners,
                .. owners.SelectMany(o => o.OwnerReferences).Distinct().Select(c => Named(c, request.Target.Namespace)).OfType<Workload>(),
            ];
    }

    private Workload? Named(OwnerReference claim, string @namespace) =>
        caches.Workloads.GetValueOrDefault(claim.Kind)?.Find(ObjectKey.Of(@namespace, claim.Name)) is { } found && found.Uid == claim.Uid
            ? found.Spec
            : null;
}
