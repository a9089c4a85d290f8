using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The required reads and reservations of a canary: a refusal is based on live data, and no two requests use the same pods of a step.
/// </summary>
internal static class CanaryRequirements
{
    private static readonly ISafeguard s_canary = new Canary();
    private static readonly ISafeguard s_pace = new Pace();

    /// <summary>
    /// A request that adds no unproven pods requires nothing: an autoscaler must not depend on the speed of the API server.
    /// </summary>
    public static Requirements Of(Inspection inspection)
    {
        var evaluated = inspection.Evaluated;
        var reads = inspection.IsNewRevisionOfWorkload ? RequiredReads.Votes : RequiredReads.None;
        if (evaluated.ChangeType is not (ChangeType.NewRevision or ChangeType.MoreExposure or ChangeType.Rollback))
        {
            return new(reads, RequiredReservations.None);
        }

        reads |= OfObject(evaluated.Request, inspection.Cluster);
        if (
            inspection.Mode is Mode.Enforce
            && inspection.Exposed.Any(p => p.IsRefused && inspection.WaiverOf(p.InPlace is null ? s_canary : s_pace) is null)
        )
        {
            reads |= RequiredReads.Namespace | RequiredReads.Votes;
        }

        if (inspection.Cluster.Namespace?.Objects is { PodsAreKnown: false } && inspection.Exposed.Any(p => p.IsRaised || p.IsRefused))
        {
            reads |= RequiredReads.Pods;
        }

        // Within its step it passes, unless a recent veto or reservation prevents it. A rollback waits for neither.
        if (evaluated.ChangeType is not ChangeType.Rollback && inspection.Exposed.Any(p => p is { IsRaised: true, IsCold: false }))
        {
            // A Service is rarely written, and by hand: the workloads that it will select may be newer than the caches.
            reads |= evaluated.Request is ServiceRequest ? RequiredReads.Namespace : RequiredReads.Votes;
        }

        return new(reads, Reservations(inspection));
    }

    /// <summary>
    /// The unproven pods that a request adds, and a Service that it makes select other pods; none for a rollback, which must not wait. Also
    /// pods that raise no exposure in their own pools: another Service may be changed at the same time to select them.
    /// </summary>
    public static IEnumerable<PendingExposure> Exposes(Inspection inspection)
    {
        var evaluated = inspection.Evaluated;
        if (evaluated is not { ChangeType: ChangeType.NewRevision or ChangeType.MoreExposure, Request.DryRun: false })
        {
            return [];
        }

        var policy = inspection.Policy.Name;
        return evaluated.Request is ServiceRequest { After: { Selector.Count: > 0 } after } service
            // Its users already reach the pods that it selects now.
            ? after.SelectorText != service.Before?.SelectorText && inspection.Exposed.Any(p => p.HasUsers)
                ? [PendingExposure.OfService(policy, after, evaluated.Request.Target)]
                : []
            : inspection.Exposed.Any(p => p.IsRaised)
                ? from pool in inspection.Exposed
                where pool.IsRaised
                from some in pool.Raises
                select Pending(some, evaluated, policy, pool.Pool.Name)
                : evaluated.After is { } made && inspection.Exposed.Count > 0
                    ? [PendingExposure.WithoutNewExposure(policy, made, evaluated.Before?.Generation)]
                    : [];
    }

    private static RequiredReads OfObject(Request request, ClusterSnapshot cluster) =>
        request switch
        {
            ScaleRequest scale when cluster.Parent?.ResourceVersion != scale.ResourceVersion => RequiredReads.Parent,
            WorkloadRequest { After: { } placed } daemons when RequestedWorkload.IsPlaced(daemons.Before, placed) => RequiredReads.Nodes,
            _ => RequiredReads.None,
        };

    private static RequiredReservations Reservations(Inspection inspection)
    {
        var pending = Exposes(inspection).ToList();
        return pending.Count == 0 ? RequiredReservations.None
            : pending.All(p => p.RaisesNoExposure) ? RequiredReservations.ExposureIfPossible
            : RequiredReservations.Exposure;
    }

    /// <summary>
    /// If a request on a Pod or ReplicaSet adds pods of another object, no generation shows when they are visible: they end by time.
    /// </summary>
    private static PendingExposure Pending(UnprovenPods some, EvaluatedRequest evaluated, string policy, string pool)
    {
        var isItself = some.Workload == evaluated.After?.Ref;
        return new PendingExposure(
            policy,
            pool,
            isItself ? some.Workload : evaluated.Request.Target,
            some.TemplateHash,
            some.Images,
            some.Pods,
            isItself ? evaluated.Before?.Generation : null
        );
    }
}
