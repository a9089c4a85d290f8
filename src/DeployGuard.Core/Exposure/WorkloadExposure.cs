using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// The effect of a request on a workload on its pools. A remedy is the same request with another size or pace, so the pools before it are
/// worked out once.
/// </summary>
internal sealed class WorkloadExposure(ExposureContext context)
{
    private readonly List<PoolBefore> _before = [];
    private Workload? _beforeOf;

    public IReadOnlyList<PoolAssessment> Of(EvaluatedRequest evaluated, Workload after)
    {
        var snapshot = context.Namespace;
        if (!ReferenceEquals(_beforeOf, evaluated.Before))
        {
            _before.Clear();
            _beforeOf = evaluated.Before;
        }

        var asked = RequestedWorkload.Of(evaluated, after, context.Facts.Changes, snapshot);
        var all = MemberSet.Of(snapshot.Members);
        var first = ScaledBeforeRollout.Of(asked, snapshot, all);
        var scaled = ReferenceEquals(first, all) ? asked.Before : first.Find(after.Ref);
        var others = all.Without(after.Ref);
        // It scales or replaces the ReplicaSets that it adopts.
        var adopted = snapshot.Objects is { } objects ? ScaledBeforeRollout.Adopted(after, objects) : [];
        var then = others.Without(adopted.Keys).Adding(asked.After);
        var now = asked.Before is null ? others : others.Adding(asked.Before);
        return
        [
            // A rollback to a revision that served these users always passes.
            .. Pool.Of(asked.After, snapshot.Services, then)
                .Where(pool => pool.Service is not null || !after.Type.RunsToCompletion)
                .Where(pool =>
                    evaluated.ChangeType is not ChangeType.Rollback
                    || !context.Facts.HasServedAsMany(after, pool.Name, PresentIn(BeforeOf(pool, asked, now).Pool, asked))
                )
                .Select(pool => Assess(pool, BeforeOf(pool, asked, now), asked, scaled)),
            // A re-created workload may adopt newer ReplicaSets, and a growing rollback scales the revision that it leaves: neither is
            // exempt as a rollback.
            .. evaluated.ChangeType is ChangeType.Rollback && asked.Before is { } was && asked.After.Size <= was.Size
                ? []
                : Outgrown(asked, all, first),
        ];
    }

    /// <summary>The revisions that its controller scales up before the requested one.</summary>
    private IEnumerable<PoolAssessment> Outgrown(RequestedWorkload asked, MemberSet now, MemberSet scaled)
    {
        var refilled = ScaledBeforeRollout.Refilled(asked, scaled);
        if (ReferenceEquals(refilled, now))
        {
            return [];
        }

        return from service in ServiceIndex.Of(context.Namespace.Services).Selecting(refilled.Changed.SelectMany(MemberIndex.LabelsOf))
            let first = service.Selects(asked.After.Spec.Template.Labels) ? scaled : refilled
            where !ReferenceEquals(now, first)
            let before = Pool.Behind(service, now)
            let then = new ObjectExposure(context).Assess(Pool.Behind(service, first), before, isRelabelled: false)
            where then.IsRaised && IsLargerShare(before, then)
            select then;
    }

    /// <summary>More pods in the same share are no more exposure.</summary>
    private bool IsLargerShare(Pool now, PoolAssessment then)
    {
        var had = context.Unproven.Of(now, context.Proven.In(now), null);
        var (unprovenNow, unproven) = (ExposureContext.RunningOf(now, had), ExposureContext.RunningOf(then.Pool, then.Revisions));
        return (long)unproven * context.CurrentTotal(now, had) > (long)unprovenNow * then.Total;
    }

    private PoolBefore BeforeOf(Pool pool, RequestedWorkload asked, MemberSet now)
    {
        var known = _before.Find(b => ReferenceEquals(b.Pool.Service, pool.Service) && b.Pool.Name == pool.Name);
        if (known is null)
        {
            var before = PoolNow(pool, asked, now);
            var proven = context.Proven.In(before);
            var unproven = context.Unproven.Of(before, proven, asked.After.Spec.Ref);
            known = new PoolBefore(
                before,
                proven,
                unproven,
                context.CurrentTotal(before, unproven),
                ExposureContext.ProvenOf(before, unproven)
            );
            _before.Add(known);
        }

        return known;
    }

    /// <summary>The same pool before the request, without the workload if it is new there.</summary>
    private Pool PoolNow(Pool pool, RequestedWorkload asked, MemberSet now) =>
        pool.Service is { } service ? Pool.Behind(service, now)
        : asked.Before is null ? pool with { Members = [.. pool.Members.Where(m => m.Spec.Ref != asked.After.Spec.Ref)] }
        : Pool.Of(asked.Before, context.Namespace.Services, now).FirstOrDefault(p => p.Name == pool.Name) ?? pool with { Members = [] };

    /// <summary>The desired pods with which the workload serves the pool before the request.</summary>
    private static int PresentIn(Pool before, RequestedWorkload asked) =>
        asked.Before is { } was && before.Members.Any(m => m.Spec.Ref == was.Spec.Ref) ? was.Size : 0;

    private PoolAssessment Assess(Pool pool, PoolBefore known, RequestedWorkload asked, Member? scaled)
    {
        var target = asked.After.Spec.Ref;
        var (before, proven, had, totalBefore, provenBefore) = known;
        var served = context.Replaced(pool, provenBefore);
        var reach = new RequestedExposureEvaluator(context.Rules, context.Proven, context.Unproven, context.Held).Of(
            asked,
            scaled,
            before,
            totalBefore,
            proven
        );
        var others = pool with { Members = [.. pool.Members.Where(m => m.Spec.Ref != target)] };
        List<UnprovenPods> has = [.. context.Unproven.Of(others, proven, target), .. reach.Pods];
        var (unproven, total) = (has.Sum(p => p.Pods), ExposureContext.TotalOf(pool, has, asked));
        var noneLeft = ExposureContext.ProvenOf(pool, has) <= 0 && !context.HasProven(asked.IsInPlace ? others : before, proven);
        total = noneLeft ? Math.Max(total, served.Most) : total;

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
            IsCold = noneLeft && served.Most == 0,
            IsRaised = raised.Count > 0,
            InPlace =
                !isUnbounded && !target.Type.RunsToCompletion && reach is { IsInPlace: true } or { Bound.Faults.Count: > 0 }
                    ? reach.Bound
                    : null,
            OwnBatch = reach.OwnBatch,
            LeavesNoneProven = reach is { IsInPlace: true, OwnBatch: 0 } && raised.Count > 0 && noneLeft && provenBefore > 0,
            Replaced = noneLeft ? served : null,
            Raised = raised,
            Asked = asked.After.Size,
            Raises = [.. has.Where(p => p.Workload == target && raised.Contains(p.Key))],
            UnknownExposure =
                isUnbounded ? UnknownExposure.OfJobs(pool.Where)
                : LeftPort(asked, pool, proven) is { } port ? UnknownExposure.OfPort(pool.Where, port)
                : null,
        };
    }

    /// <summary>A Service port that the workload drops, leaving its users only unproven pods; null if there is none.</summary>
    private string? LeftPort(RequestedWorkload asked, Pool pool, ProvenInPool proven) =>
        asked.Before is not { } was || pool.Service is not { } service
            ? null
            : service
                .Ports.Where(p => !p.IsNumber && p.IsDeclaredBy(was.Spec.Template) && !p.IsDeclaredBy(asked.After.Spec.Template))
                .Where(p =>
                    pool.Members.Where(m => m.Spec.Ref != was.Spec.Ref && m.Size > 0 && p.IsDeclaredBy(m.Spec.Template)).ToList()
                        is { Count: > 0 } others
                    && others.TrueForAll(m => ProvenRevisions.RevisionsOf(m).All(r => context.Proven.IsUnproven(m, r, proven)))
                )
                .Select(p => p.Target)
                .FirstOrDefault();

    /// <summary>A CronJob creates Jobs without further requests: if they may overlap, their number is unlimited.</summary>
    private bool IsUnbounded(RequestedWorkload asked, RequestedExposure reach, bool isRaised, Pool before, int totalBefore) =>
        asked.After is { Spec.Strategy.JobsOverlap: true, Size: > 0 }
        && reach.Pods.Count > 0
        && context.Held.In(before, reach.Key, totalBefore).Steps < context.Rules.Steps.Count
        && (isRaised || asked.Before is { Spec.Strategy.JobsOverlap: false });

    /// <summary>
    /// Scaling a settled workload is no more exposure if its share does not grow, or up to the number of pods that it served within
    /// <c>coldAfter</c>: an autoscaler must not wait for the soak after every rollout.
    /// </summary>
    private bool IsNoMore(RequestedWorkload asked, string key, Pool before, (int Unproven, int Total) had, (int Unproven, int Total) has) =>
        asked.IsAnotherSize
        && context.Held.VetoOf(key) is null
        && (
            (asked.IsMoreOfTheSame(before) && (long)has.Unproven * had.Total <= (long)had.Unproven * has.Total)
            || asked.After.Size <= ServedBy(asked, before)
        );

    /// <summary>
    /// The most pods with which the completed revision served the pool within <c>coldAfter</c>; unreviewed break-glass revisions do not
    /// count.
    /// </summary>
    private int ServedBy(RequestedWorkload asked, Pool pool) =>
        ChangeLookup
            .Of(context.Namespace.Changes)
            .Of(asked.After.Spec.Ref)
            .Where(c => c.TemplateHash == asked.After.Spec.Template.Hash && c.HasCompleted && !c.IsUnreviewed)
            .SelectMany(c => c.Served)
            .Where(s => s.Pool == pool.Name && s.IsWithin(context.Rules.ColdAfter, context.Now))
            .Select(s => s.Pods)
            .DefaultIfEmpty(0)
            .Max();
}

/// <summary>A pool before the request.</summary>
/// <param name="Proven">The revisions that are proven for its users.</param>
/// <param name="Unproven">Its unproven pods.</param>
/// <param name="Total">The pods that its users have: steps are held by, and are shares of, them.</param>
/// <param name="ProvenPods">Its proven pods that are desired.</param>
internal sealed record PoolBefore(Pool Pool, ProvenInPool Proven, IReadOnlyList<UnprovenPods> Unproven, int Total, int ProvenPods);
