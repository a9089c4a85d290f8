using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>What a request on a workload makes of the pools that it is in.</summary>
internal sealed class WorkloadExposure(ExposureContext context)
{
    public IReadOnlyList<PoolAssessment> Of(EvaluatedRequest evaluated, Workload after)
    {
        var snapshot = context.Namespace;
        var asked = AskedWorkload.Of(evaluated, after, context.Cluster, snapshot);
        var first = ScaledFirst.Of(asked, snapshot);
        var scaled = ReferenceEquals(first, snapshot.Members) ? asked.Before : first.FirstOrDefault(m => m.Spec.Ref == after.Ref);
        var others = snapshot.Members.Where(m => m.Spec.Ref != after.Ref).ToList();
        // What it takes for its own, it scales or replaces.
        var adopted = snapshot.Objects is { } objects ? ScaledFirst.Adopted(after, objects) : [];
        IReadOnlyList<Member> then = [.. others.Where(m => !adopted.ContainsKey(m.Spec.Ref)), asked.After];
        IReadOnlyList<Member> now = asked.Before is null ? others : [.. others, asked.Before];
        return
        [
            // The way back to what served these users is open, whatever else is there.
            .. Pool.Of(asked.After, snapshot.Services, then)
                .Where(pool => pool.Service is not null || !Member.RunsToItsEnd(after.Ref.Kind))
                .Where(pool => evaluated.ChangeType is not ChangeType.Rollback || !RevisionHistory.ServedAsMany(after, pool.Name, context.Cluster))
                .Select(pool => Assess(pool, PoolNow(pool, asked, now), asked, scaled)),
            // What is made again may take in what ran meanwhile, and what grows as it goes back makes more of what it leaves: that is no way back to anything.
            .. evaluated.ChangeType is ChangeType.Rollback && asked.Before is { } was && asked.After.Size <= was.Size ? [] : Outgrown(asked, first),
        ];
    }

    /// <summary>What it makes more of before it comes to what is asked for.</summary>
    private IEnumerable<PoolAssessment> Outgrown(AskedWorkload asked, IReadOnlyList<Member> scaled)
    {
        var now = context.Namespace.Members;
        var refilled = ScaledFirst.Refilled(asked, scaled);
        var changed = refilled.Except(now, ReferenceEqualityComparer.Instance).OfType<Member>().ToList();
        return from service in context.Namespace.Services
               where changed.Exists(m => MaySelect(service, m))
               let first = service.Selects(asked.After.Spec.Template.Labels) ? scaled : refilled
               where !ReferenceEquals(now, first)
               let before = Pool.Behind(service, now)
               let then = new ObjectExposure(context).Assess(Pool.Behind(service, first), before, isRelabelled: false)
               where then.IsRaised && IsLargerShare(before, then)
               select then;
    }

    private static bool MaySelect(Service service, Member member) => service.Selects(member.Spec.Template.Labels)
        || member.Pods.Any(p => (p.Labels is { } labels && service.Selects(labels)) || p.Seen.Any(g => service.Selects(g.Shape.Template.Labels)));

    /// <summary>More of what its users have in the same share is no more exposure.</summary>
    private bool IsLargerShare(Pool now, PoolAssessment then)
    {
        var had = context.Unproven.Of(now, context.Proven.In(now), null);
        var (unprovenNow, unproven) = (ExposureContext.RunningOf(now, had), ExposureContext.RunningOf(then.Pool, then.Revisions));
        return (long)unproven * context.WeighNow(now, had) > (long)unprovenNow * then.Total;
    }

    /// <summary>The same pool as it is; without the workload where it is not in it yet.</summary>
    private Pool PoolNow(Pool pool, AskedWorkload asked, IReadOnlyList<Member> now) =>
        pool.Service is { } service ? Pool.Behind(service, now)
        : asked.Before is null ? pool with { Members = [.. pool.Members.Where(m => m.Spec.Ref != asked.After.Spec.Ref)] }
        : Pool.Of(asked.Before, context.Namespace.Services, now).FirstOrDefault(p => p.Name == pool.Name) ?? pool with { Members = [] };

    private PoolAssessment Assess(Pool pool, Pool before, AskedWorkload asked, Member? scaled)
    {
        var target = asked.After.Spec.Ref;
        var proven = context.Proven.In(before);
        var had = context.Unproven.Of(before, proven, target);
        var provenBefore = ExposureContext.ProvenOf(before, had);
        var served = context.Replaced(pool, provenBefore);
        // What users have now is what a step is held of, and what one is a share of.
        var totalBefore = context.WeighNow(before, had);
        var reach = new RequestedExposureEvaluator(context.Rules, context.Proven, context.Unproven, context.Held)
            .Of(asked, scaled, before, totalBefore, proven);
        var others = pool with { Members = [.. pool.Members.Where(m => m.Spec.Ref != target)] };
        List<UnprovenPods> has = [.. context.Unproven.Of(others, proven, target), .. reach.Pods];
        var (unproven, total) = (has.Sum(p => p.Pods), ExposureContext.Weigh(pool, has, asked));
        var noneLeft = ExposureContext.ProvenOf(pool, has) <= 0 && !context.HasProven(asked.IsInPlace ? others : before, proven);
        total = noneLeft ? Math.Max(total, served.Pods) : total;

        // A workload raises its own revision alone: a canary that joins its pool by its word must not keep it from being made.
        var (running, runningBefore) = (ExposureContext.RunningOf(pool, has), ExposureContext.RunningOf(before, had));
        var isRaised = reach.IsRaised && !IsNoMore(asked, reach.Key, before, (runningBefore, totalBefore), (running, total));
        IReadOnlyList<string> raised = isRaised ? [reach.Key] : [];
        var isUnbounded = IsUnbounded(asked, reach, raised.Count > 0, before, totalBefore);
        // Where nothing is raised, the fewest among all: what is then said is a warning.
        var held = context.FewestHeld(before, raised.Count > 0 ? raised : has.Select(p => p.Key).Distinct(), totalBefore);
        return new PoolAssessment
        {
            Pool = pool,
            Total = total,
            Unproven = unproven,
            Revisions = has,
            Rules = context.Rules,
            Held = held,
            IsCold = noneLeft && served.Pods == 0,
            IsRaised = raised.Count > 0,
            InPlace = !isUnbounded && !Member.RunsToItsEnd(target.Kind) && reach is { IsInPlace: true } or { Bound.Faults.Count: > 0 } ? reach.Bound : null,
            OwnBatch = reach.OwnBatch,
            LeavesNoneProven = reach is { IsInPlace: true, OwnBatch: 0 } && raised.Count > 0 && noneLeft && provenBefore > 0,
            Replaced = noneLeft ? served : null,
            Raised = raised,
            Asked = asked.After.Size,
            Raises = [.. has.Where(p => p.Workload == target && raised.Contains(p.Key))],
            Unseen = isUnbounded ? Unseen.OfJobs(pool.Where) : LeftPort(asked, pool, proven) is { } port ? Unseen.OfPort(pool.Where, port) : null,
        };
    }

    /// <summary>The port of a Service that the workload has no more, and by which its users would reach only what is unproven; null where there is none.</summary>
    private string? LeftPort(AskedWorkload asked, Pool pool, ProvenInPool proven) =>
        asked.Before is not { } was || pool.Service is not { } service ? null
        : service.Ports.Where(p => !p.IsNumber && p.IsDeclaredBy(was.Spec.Template) && !p.IsDeclaredBy(asked.After.Spec.Template))
            .Where(p => pool.Members.Where(m => m.Spec.Ref != was.Spec.Ref && m.Size > 0 && p.IsDeclaredBy(m.Spec.Template)).ToList() is { Count: > 0 } others
                && others.TrueForAll(m => ProvenRevisions.RevisionsOf(m).All(r => context.Proven.Lacks(m, r, proven))))
            .Select(p => p.Target).FirstOrDefault();

    /// <summary>A CronJob makes Jobs without asking anybody: one whose Jobs do not wait for each other may have any number of them.</summary>
    private bool IsUnbounded(AskedWorkload asked, RequestedExposure reach, bool isRaised, Pool before, int totalBefore) =>
        asked.After is { Spec.Strategy.JobsOverlap: true, Size: > 0 } && reach.Pods.Count > 0
        && context.Held.In(before, reach.Key, totalBefore).Steps < context.Rules.Steps.Count
        && (isRaised || asked.Before is { Spec.Strategy.JobsOverlap: false });

    /// <summary>
    /// Another size of what has settled there is no more exposure where all users have it already, or up to what it served them a while ago: an autoscaler
    /// must not wait for the soak after every rollout.
    /// </summary>
    private bool IsNoMore(AskedWorkload asked, string key, Pool before, (int Unproven, int Total) had, (int Unproven, int Total) has) =>
        asked.IsAnotherSize && context.Held.VetoOf(key) is null
        && ((asked.IsMoreOfTheSame(before) && (long)has.Unproven * had.Total <= (long)had.Unproven * has.Total) || asked.After.Size <= ServedBy(asked, before));

    /// <summary>The most pods with which the revision served the pool's users of late, while the workload ran no other, and nobody had to break the glass for it.</summary>
    private int ServedBy(AskedWorkload asked, Pool pool) => context.Namespace.Changes
        .Where(c => c.Workload == asked.After.Spec.Ref && c.TemplateHash == asked.After.Spec.Template.Hash && c.HasCompleted && !c.IsUnreviewed)
        .SelectMany(c => c.Served)
        .Where(s => s.Pool == pool.Name && s.IsWithin(context.Rules.ColdAfter, context.Now))
        .Select(s => s.Pods).DefaultIfEmpty(0).Max();
}
