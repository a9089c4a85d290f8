using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Safeguards;

/// <summary>What must be read and reserved before a canary is decided: a refusal rests on what is there now, and no two requests share one step.</summary>
internal static class CanaryRequirements
{
    /// <summary>A request that raises nothing unproven waits for nothing: an autoscaler's next step must not hang on the API server's speed.</summary>
    public static Requirements Of(Inspection inspection)
    {
        var evaluated = inspection.Evaluated;
        var reads = inspection.IsNewRevisionOfWorkload ? RequiredReads.Votes : RequiredReads.None;
        if (evaluated.ChangeType is not (ChangeType.NewRevision or ChangeType.MoreExposure or ChangeType.Rollback))
        {
            return new(reads, RequiredReservations.None);
        }

        reads |= OfObject(evaluated.Request, inspection.Cluster);
        if (inspection.Mode is Mode.Enforce && inspection.Exposed.Any(p => p.IsRefused && inspection.WaiverOf(p.InPlace is null ? Canary.OwnName : Pace.OwnName) is null))
        {
            reads |= RequiredReads.Namespace | RequiredReads.Votes;
        }

        if (inspection.Cluster.Namespace?.Objects is { PodsAreKnown: false } && inspection.Exposed.Any(p => p.IsRaised || p.IsRefused))
        {
            reads |= RequiredReads.Pods;
        }

        // Within its step it passes, unless somebody rejected it or reserved the step's pods a moment ago. A rollback waits for neither.
        if (evaluated.ChangeType is not ChangeType.Rollback && inspection.Exposed.Any(p => p is { IsRaised: true, IsCold: false }))
        {
            // A Service is written rarely, and by hand: what it comes to select may be a moment old.
            reads |= evaluated.Request is ServiceRequest ? RequiredReads.Namespace : RequiredReads.Votes;
        }

        return new(reads, Reservations(inspection));
    }

    /// <summary>
    /// The unproven pods that a request gains, and the Service that it makes select other pods; nothing of a rollback, since the way back waits for nothing. Also
    /// pods that are new to their own users, or raise nothing for them: they may be behind another Service that is changed in the same moment.
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
            // What it selects already, its users see already.
            ? after.SelectorText != service.Before?.SelectorText && inspection.Exposed.Any(p => p.HasUsers) ? [PendingExposure.OfService(policy, after, evaluated.Request.Target)] : []
            : inspection.Exposed.Any(p => p.IsRaised)
                ? from pool in inspection.Exposed
                  where pool.IsRaised
                  from some in pool.Raises
                  select Pending(some, evaluated, policy, pool.Pool.Name)
            : evaluated.After is { } made && inspection.Exposed.Count > 0 ? [PendingExposure.WithoutNewExposure(policy, made, evaluated.Before?.Generation)]
            : [];
    }

    private static RequiredReads OfObject(Request request, ClusterSnapshot cluster) => request switch
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

    /// <summary>What a request on a Pod or ReplicaSet raises besides its own object is told by that object's name and by no generation: only time ends it.</summary>
    private static PendingExposure Pending(UnprovenPods some, EvaluatedRequest evaluated, string policy, string pool)
    {
        var isItself = some.Workload == evaluated.After?.Ref;
        return new PendingExposure(
            policy, pool, isItself ? some.Workload : evaluated.Request.Target, some.TemplateHash, some.Images, some.Pods, isItself ? evaluated.Before?.Generation : null);
    }
}
