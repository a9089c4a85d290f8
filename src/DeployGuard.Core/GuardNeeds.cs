using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core;

/// <summary>What a decision has to be told before it is made.</summary>
public sealed partial class Guard
{
    /// <summary>Which facts <see cref="Decide"/> needs to be live, given what the caches say. None for everything that is not gated.</summary>
    public Facts Needs(Request request, ClusterView cached, DateTimeOffset now)
    {
        var enforced = PolicyMatching.Matching(request, cached, now).Where(p => p.Mode is Mode.Enforce).ToList();
        var meaning = enforced.Count > 0 ? _interpreter.Interpret(request, cached, now).Meaning : Meaning.NothingToGuard;
        // A BreakGlass may waive a canary as well as an approval, and a freeze.
        var rests = enforced.Any(p => p is { Approval.Required: not Required.Never } or { Canary.Required: not Required.Never } or { Freeze: not null } or { Budget: not null });
        var needs = rests && meaning is Meaning.NewRevision && request is WorkloadRequest ? Facts.Approvals : Facts.None;
        if (!request.DryRun && enforced.Any(p => p.Budget is not null) && Budget.IsCounted(Understand(request, isGuarded: true, cached, now)))
        {
            needs |= Facts.Budget | Facts.Approvals;
        }

        if (meaning is Meaning.NewRevision or Meaning.MoreExposure or Meaning.Rollback && enforced.Any(p => p.Canary is { Required: not Required.Never }))
        {
            needs |= OfCanary(request, meaning, enforced, cached, now);
        }

        return needs | (Left(request, cached, now).Any(p => p.Mode is Mode.Enforce) ? Facts.Exemption : Facts.None);
    }

    /// <summary>What raises nothing unproven waits for nothing: an autoscaler's next step must not hang on the API server's speed.</summary>
    private Facts OfCanary(Request request, Meaning meaning, IReadOnlyList<SafeguardPolicy> enforced, ClusterView cached, DateTimeOffset now)
    {
        var needs = (request is ScaleRequest scale && cached.Parent?.ResourceVersion != scale.ResourceVersion ? Facts.Parent : Facts.None)
            | (request is WorkloadRequest { After: { } placed } daemons && AskedWorkload.IsPlaced(daemons.Before, placed) ? Facts.Nodes : Facts.None);
        var change = Understand(request, isGuarded: true, cached, now);
        var inspections = enforced.Select(p => new Inspection(change, p, cached, now)).ToList();
        if (inspections.Any(i => ModeOf(i.Policy, request) is Mode.Enforce
            && i.Exposed.Any(j => j.IsRefused && WaiverOf(i, j.InPlace is null ? Canary.OwnName : Pace.OwnName) is null)))
        {
            needs |= Facts.Exposure | Facts.Approvals;
        }

        if (cached.Snapshot?.Objects is { PodsAreKnown: false } && inspections.Any(i => i.Exposed.Any(j => j.IsRaised || j.IsRefused)))
        {
            needs |= Facts.Pods;
        }

        // Within its step, unless somebody rejected it a moment ago, or somebody else had the step's pods. The way back hangs on neither.
        var raises = meaning is not Meaning.Rollback && inspections.Any(i => i.Exposed.Any(j => j is { IsRaised: true, IsCold: false }));
        var reached = Reached(change, inspections).ToList();
        return needs | (reached.Count == 0 ? Facts.None : reached.All(r => r.RaisesNothing) ? Facts.Noted : Facts.Reached)
            // A Service is written rarely, and by hand: what it comes to select may be a moment old.
            | (!raises ? Facts.None : request is ServiceRequest ? Facts.Exposure : Facts.Approvals);
    }

    /// <summary>
    /// The unproven pods that a request raises under Enforce, and the Service that it turns; none of a rollback, since the way back waits for nothing, nor of a dry run.
    /// Also what is new to its own users, or raises nothing for them, may be behind another Service, which somebody turns in the same moment.
    /// </summary>
    private static IEnumerable<ReachedPods> Reached(Change change, IReadOnlyList<Inspection> inspections) =>
        change is not { Meaning: Meaning.NewRevision or Meaning.MoreExposure, Request.DryRun: false } ? [] : inspections.SelectMany(i => Reached(change, i));

    private static IEnumerable<ReachedPods> Reached(Change change, Inspection inspection) => inspection.Policy.Mode is not Mode.Enforce ? []
        : change.Request is ServiceRequest { After: { Selector.Count: > 0 } after } service
            // What it selects already everybody sees.
            ? after.SelectorText != service.Before?.SelectorText && inspection.Exposed.Any(p => p.HasUsers) ? [ReachedPods.OfService(inspection.Policy.Name, after, change.Request.Target)] : []
        : inspection.Exposed.Any(p => p.IsRaised)
            ? from pool in inspection.Exposed
              where pool.IsRaised
              from some in pool.Raises
              select PendingOf(some, change, inspection.Policy.Name, pool.Pool.Name)
        : change.After is { } made && inspection.Exposed.Count > 0 ? [ReachedPods.ThatRaiseNothing(inspection.Policy.Name, made, change.Before?.Generation)]
        : [];

    /// <summary>What a request on a Pod or ReplicaSet raises besides its own object is told by that object's name and by no generation: only time ends it.</summary>
    private static ReachedPods PendingOf(UnprovenPods some, Change change, string policy, string pool)
    {
        var isItself = some.Workload == change.After?.Ref;
        return new ReachedPods(
            policy, pool, isItself ? some.Workload : change.Request.Target, some.TemplateHash, some.Images, some.Pods, isItself ? change.Before?.Generation : null);
    }

    /// <summary>The names of the policies that the request takes its object out of: whether its requester may is a fact to be read.</summary>
    public IReadOnlyList<string> PoliciesLeft(Request request, ClusterView view, DateTimeOffset now) => [.. Left(request, view, now).Select(p => p.Name)];
}
