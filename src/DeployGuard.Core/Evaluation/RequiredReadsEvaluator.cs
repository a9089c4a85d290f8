using DeployGuard.Core.Admission;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>What a decision has to be told before it is made.</summary>
public sealed partial class PolicyEvaluator
{
    /// <summary>Which facts <see cref="Evaluate"/> needs to be live, given what the caches say. None for everything that is not gated.</summary>
    public RequiredReads Needs(Request request, ClusterSnapshot cluster, DateTimeOffset now)
    {
        var enforced = PolicyMatching.Matching(request, cluster, now).Where(p => p.Mode is Mode.Enforce).ToList();
        var type = enforced.Count > 0 ? _interpreter.Classify(request, cluster, now).Meaning : ChangeType.NothingToGuard;
        // A BreakGlass may waive a canary as well as an approval, and a freeze.
        var rests = enforced.Any(p => p is { Approval.Required: not Required.Never } or { Canary.Required: not Required.Never } or { Freeze: not null } or { Budget: not null });
        var needs = rests && type is ChangeType.NewRevision && request is WorkloadRequest ? RequiredReads.Approvals : RequiredReads.None;
        if (!request.DryRun && enforced.Any(p => p.Budget is not null) && Budget.IsCounted(Understand(request, isGuarded: true, cluster, now)))
        {
            needs |= RequiredReads.Budget | RequiredReads.Approvals;
        }

        if (type is ChangeType.NewRevision or ChangeType.MoreExposure or ChangeType.Rollback && enforced.Any(p => p.Canary is { Required: not Required.Never }))
        {
            needs |= OfCanary(request, type, enforced, cluster, now);
        }

        return needs | (Left(request, cluster, now).Any(p => p.Mode is Mode.Enforce) ? RequiredReads.Exemption : RequiredReads.None);
    }

    /// <summary>What raises nothing unproven waits for nothing: an autoscaler's next step must not hang on the API server's speed.</summary>
    private RequiredReads OfCanary(Request request, ChangeType type, IReadOnlyList<SafeguardPolicy> enforced, ClusterSnapshot cluster, DateTimeOffset now)
    {
        var needs = (request is ScaleRequest scale && cluster.Parent?.ResourceVersion != scale.ResourceVersion ? RequiredReads.Parent : RequiredReads.None)
            | (request is WorkloadRequest { After: { } placed } daemons && AskedWorkload.IsPlaced(daemons.Before, placed) ? RequiredReads.Nodes : RequiredReads.None);
        var evaluated = Understand(request, isGuarded: true, cluster, now);
        var inspections = enforced.Select(p => new Inspection(evaluated, p, cluster, now)).ToList();
        if (inspections.Any(i => ModeOf(i.Policy, request) is Mode.Enforce
            && i.Exposed.Any(j => j.IsRefused && WaiverOf(i, j.InPlace is null ? Canary.OwnName : Pace.OwnName) is null)))
        {
            needs |= RequiredReads.Exposure | RequiredReads.Approvals;
        }

        if (cluster.Namespace?.Objects is { PodsAreKnown: false } && inspections.Any(i => i.Exposed.Any(j => j.IsRaised || j.IsRefused)))
        {
            needs |= RequiredReads.Pods;
        }

        // Within its step, unless somebody rejected it a moment ago, or somebody else had the step's pods. The way back hangs on neither.
        var raises = type is not ChangeType.Rollback && inspections.Any(i => i.Exposed.Any(j => j is { IsRaised: true, IsCold: false }));
        var reached = Reached(evaluated, inspections).ToList();
        return needs | (reached.Count == 0 ? RequiredReads.None : reached.All(r => r.RaisesNothing) ? RequiredReads.Noted : RequiredReads.Reached)
            // A Service is written rarely, and by hand: what it comes to select may be a moment old.
            | (!raises ? RequiredReads.None : request is ServiceRequest ? RequiredReads.Exposure : RequiredReads.Approvals);
    }

    /// <summary>
    /// The unproven pods that a request raises under Enforce, and the Service that it turns; none of a rollback, since the way back waits for nothing, nor of a dry run.
    /// Also what is new to its own users, or raises nothing for them, may be behind another Service, which somebody turns in the same moment.
    /// </summary>
    private static IEnumerable<PendingExposure> Reached(EvaluatedRequest evaluated, IReadOnlyList<Inspection> inspections) =>
        evaluated is not { ChangeType: ChangeType.NewRevision or ChangeType.MoreExposure, Request.DryRun: false } ? [] : inspections.SelectMany(i => Reached(evaluated, i));

    private static IEnumerable<PendingExposure> Reached(EvaluatedRequest evaluated, Inspection inspection) => inspection.Policy.Mode is not Mode.Enforce ? []
        : evaluated.Request is ServiceRequest { After: { Selector.Count: > 0 } after } service
            // What it selects already everybody sees.
            ? after.SelectorText != service.Before?.SelectorText && inspection.Exposed.Any(p => p.HasUsers) ? [PendingExposure.OfService(inspection.Policy.Name, after, evaluated.Request.Target)] : []
        : inspection.Exposed.Any(p => p.IsRaised)
            ? from pool in inspection.Exposed
              where pool.IsRaised
              from some in pool.Raises
              select PendingOf(some, evaluated, inspection.Policy.Name, pool.Pool.Name)
        : evaluated.After is { } made && inspection.Exposed.Count > 0 ? [PendingExposure.ThatRaiseNothing(inspection.Policy.Name, made, evaluated.Before?.Generation)]
        : [];

    /// <summary>What a request on a Pod or ReplicaSet raises besides its own object is told by that object's name and by no generation: only time ends it.</summary>
    private static PendingExposure PendingOf(UnprovenPods some, EvaluatedRequest evaluated, string policy, string pool)
    {
        var isItself = some.Workload == evaluated.After?.Ref;
        return new PendingExposure(
            policy, pool, isItself ? some.Workload : evaluated.Request.Target, some.TemplateHash, some.Images, some.Pods, isItself ? evaluated.Before?.Generation : null);
    }

    /// <summary>The names of the policies that the request takes its object out of: whether its requester may is a fact to be read.</summary>
    public IReadOnlyList<string> PoliciesLeft(Request request, ClusterSnapshot cluster, DateTimeOffset now) => [.. Left(request, cluster, now).Select(p => p.Name)];
}
