using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>The records of the simulated namespace: admitted requests, and the leader's observations.</summary>
internal sealed class SimulatedLeader(SafeguardPolicy policy)
{
    public List<Change> Changes { get; private init; } = [];

    public Dictionary<string, AdoptedPods> Adopted { get; private init; } = [];

    public SafeguardPolicy Policy => policy;

    /// <summary>Workloads that run when the policy is created are adopted.</summary>
    public void Adopt(SimulatedNamespace world)
    {
        var unattributed = Observe(world)
            .ToSnapshot()
            .Members.Where(m => m.IsUnattributed)
            .SelectMany(m => m.Pods)
            .SelectMany(r => r.Seen)
            .SelectMany(g => g.Pods);
        Adopted[policy.Name] = new AdoptedPods(world.Now, unattributed.Select(p => p.Name).ToHashSet());
        foreach (var root in world.Controllers.Where(c => c.Kind != "ReplicaSet").Select(c => c.ToWorkload()))
        {
            Changes.Add(Change(root, Phase.Proven) with { Adopted = true, Since = world.Now });
        }
    }

    /// <summary>An allowed request is recorded before it takes effect.</summary>
    public void Admit(Verdict verdict, DateTimeOffset now)
    {
        var evaluated = verdict.Evaluated;
        if (
            !verdict.IsAllowed
            || evaluated.After is not { } after
            || !(verdict.IsGated || evaluated.ChangeType is ChangeType.Rollback || verdict.Waived.Any())
        )
        {
            return;
        }

        var at = Changes.FindIndex(c => c.Workload == after.Ref && c.TemplateHash == after.Template.Hash);
        var known = at < 0 ? Change(after, Phase.Admitted) with { Since = now } : Changes[at];
        var isDone = known.Phase is Phase.Running or Phase.Completed or Phase.Proven;
        var requested = known with
        {
            Phase = isDone ? known.Phase : Phase.Admitted,
            Since = isDone ? known.Since : now,
            LastRequestedAt = now,
            HasAdmittedCondition = true,
            Requesters = [evaluated.Request.Requester.Username],
            Policies = evaluated.ChangeType is ChangeType.Rollback ? known.Policies : [.. verdict.Policies.Select(p => p.Name)],
            BreakGlassUses = verdict.Waived.Any()
                ?
                [
                    .. known.BreakGlassUses,
                    new BreakGlassUse(
                        "glass",
                        evaluated.Request.Requester.Username,
                        now,
                        null,
                        evaluated.ChangeType is ChangeType.NewRevision
                    ),
                ]
                : known.BreakGlassUses,
        };
        Changes.RemoveAll(c => c == known);
        Changes.Add(requested);
    }

    public NamespaceObjects Observe(SimulatedNamespace world) => world.ToObjects(Changes, Adopted);

    /// <summary>Advances every Change by the observed state.</summary>
    public void Advance(SimulatedNamespace world)
    {
        var cluster = new ClusterSnapshot { Policies = [policy] };
        var standings = PoolStanding.Of(Observe(world).ToSnapshot(), cluster, world.Now).ToLookup(s => (s.Workload, s.TemplateHash));
        for (var i = 0; i < Changes.Count; i++)
        {
            Changes[i] = Advance(world, Changes[i], [.. standings[(Changes[i].Workload, Changes[i].TemplateHash)]]);
        }
    }

    private Change Advance(SimulatedNamespace world, Change change, IReadOnlyList<PoolStanding> standings)
    {
        var now = world.Now;
        var (live, size, owned) = Find(world, change);
        var next = ChangeLifecycle.Next(change, live, null, CanaryPromotion.Of(change, [policy], standings, now), now);
        var runs = live.Runs(change.TemplateHash);
        var isAvailable = runs && live.IsComplete;
        var phase = next?.Phase ?? change.Phase;
        return change with
        {
            Phase = phase,
            Since = next is null ? change.Since : now,
            HasAdmittedCondition = change.WasAdmitted,
            AvailableSince = phase is Phase.Completed or Phase.Proven
                ? isAvailable
                    ? change.AvailableSince ?? now
                    : null
                : change.AvailableSince,
            CompletedPods = isAvailable ? Math.Max(change.CompletedPods, size) : change.CompletedPods,
            OwnedUid = change.OwnedUid ?? (runs ? owned?.Uid : null),
            OwnedHash = change.OwnedHash ?? (runs ? owned?.TemplateHash : null),
            CompletedSteps = [.. Held(change, standings, now)],
            Served = [.. ServingRecords.Next(change, change.WasAdmitted ? standings : [], now)],
        };
    }

    private static (Observation Live, int Size, OwnedRevision? Owned) Find(SimulatedNamespace world, Change change)
    {
        if (change.Workload.Kind == "Pod")
        {
            return world.Pods.Find(p => p.Name == change.Workload.Name) is { } pod
                ? (new Observation(pod.ToWorkload().Template.Hash, true, pod.Ready is not null), 1, null)
                : (Observation.Nothing, 0, null);
        }

        if (world.Find(change.Workload.Kind, change.Workload.Name) is not { } found)
        {
            return (Observation.Nothing, 0, null);
        }

        var spec = found.ToWorkload();
        var owned = Histories.Of(world, found).FirstOrDefault(h => h.TemplateHash == spec.Template.Hash);
        return (new Observation(spec.Template.Hash, found.Observed == found.Generation, IsComplete(world, found)), found.Replicas, owned);
    }

    /// <summary>As in its controller's status: it counts the pods that name it as owner.</summary>
    private static bool IsComplete(SimulatedNamespace world, Controller found)
    {
        var sets = world.Of("ReplicaSet").Where(s => s.Owner?.Uid == found.Uid).ToList();
        var pods = found.Kind == "Deployment" ? [.. sets.SelectMany(world.PodsOf)] : world.PodsOf(found).ToList();
        var newest = found.Kind switch
        {
            "Deployment" => [.. sets.Where(s => s.Template.IsSame(found.Template)).SelectMany(world.PodsOf)],
            "StatefulSet" => [.. pods.Where(p => p.Labels[StatefulSetRules.RevisionLabel] == found.NewRevision)],
            _ => pods,
        };
        return found.Kind != "Job"
            && found.Replicas > 0
            && pods.Count == found.Replicas
            && newest.Count == found.Replicas
            && newest.TrueForAll(p => world.IsAvailable(p, found.Pacing))
            && (found.Kind != "StatefulSet" || found.OldRevision == found.NewRevision);
    }

    private static IEnumerable<CompletedStep> Held(Change change, IReadOnlyList<PoolStanding> standings, DateTimeOffset now) =>
        (change.WasAdmitted ? standings : [])
            .Where(s => !s.IsProven && s.HeldPercent > 0)
            .Select(s => new CompletedStep(s.Policy, s.Pool, s.HeldPercent, now))
            .Concat(change.CompletedSteps)
            .GroupBy(h => (h.Policy, h.Pool))
            .Select(g => g.OrderByDescending(h => h.Percent).ThenBy(h => h.At).First());

    private static Change Change(Workload workload, Phase phase) =>
        new()
        {
            Name = ChangeName.Of(workload.Ref, workload.Template.Hash),
            Workload = workload.Ref,
            TemplateHash = workload.Template.Hash,
            Images = workload.Template.ImageNames,
            Phase = phase,
        };
}

/// <summary>The revisions that the API server holds for a workload, by the owner that they name.</summary>
internal static class Histories
{
    public static IEnumerable<OwnedRevision> Of(SimulatedNamespace world, Controller workload) =>
        world
            .Of("ReplicaSet")
            .Where(s => s.Owner?.Uid == workload.Uid && Ownership.IsOwnerOf(workload.ToWorkload(), s.ToWorkload()))
            .Select(s => new OwnedRevision(s.Name, s.ToWorkload().Template.Hash, s.Uid))
            .Concat(
                world
                    .Revisions.Where(r => r.OwnerUid == workload.Uid)
                    .Select(r => new OwnedRevision(
                        r.Name,
                        Rendering.TemplateOf(r.Template.Image, r.Template.Labels, r.Template.Labels, "").Hash,
                        r.Uid
                    ))
            );
}
