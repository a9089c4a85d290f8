using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// The effect of a change of a Service on the pods that its users reach. It adds no pod, so shares decide: an unproven revision that gets a
/// larger part of a port's users is raised, whether by other pods, by fewer, or by another host.
/// </summary>
internal sealed class ServiceExposure(ExposureContext context)
{
    public IReadOnlyList<PoolAssessment> Of(ServiceRequest request)
    {
        if (request.After is not { } after)
        {
            return [];
        }

        var befores = Befores(request.Before, after).ToList();
        var assessments = befores.Select(before =>
            Assess(after, before, before != request.Before && IsGone(before), request.Before is null)
        );
        // A Service that takes over the users of another has two groups of users; the stricter result counts.
        var hasUsers = befores.Exists(before => before is not null);
        return
        [
            .. assessments
                .OrderByDescending(a => a.IsRefused)
                .ThenByDescending(a => a.IsRaised)
                .Take(1)
                .Select(a => a with { HasUsers = hasUsers }),
        ];
    }

    /// <summary>The Services of these users before the request: the Service itself, and another whose address it takes over.</summary>
    private IEnumerable<Service?> Befores(Service? before, Service after)
    {
        yield return before ?? Remembered(after);
        var added = after.Addresses.Except(before?.Addresses ?? []).ToList();
        if (added.Count > 0 && Former(after, added) is { } other)
        {
            yield return other;
        }
    }

    private bool IsGone(Service? before) => context.Namespace.Services.All(s => s.Name != before?.Name);

    /// <param name="isGone">Its selector is known, and not its pods at that time: others may have been added since without an
    /// evaluation.</param>
    private PoolAssessment Assess(Service after, Service? before, bool isGone, bool isNew)
    {
        var (poolBefore, pool) = (
            before is null ? new Pool($"Service {after.Name}", after, []) : PoolOf(before, before.Name),
            PoolOf(after, after.Name)
        );
        var proven = context.Proven.In(poolBefore);
        var had = context.Unproven.Of(poolBefore, proven, null);
        var served = ServedOf(poolBefore, ExposureContext.ProvenOf(poolBefore, had));
        if (UnknownExposureOf(after, before, poolBefore, pool, proven) is { } unknown)
        {
            return Unknown(pool, poolBefore, served, unknown);
        }

        var shares = new ServiceShares(context, proven);
        var isReadinessNew = before is { PublishesNotReady: false } && after.PublishesNotReady;
        var sharesBefore = before is null || isGone ? [] : shares.Of(WithoutJoining(poolBefore, pool), before, isReadinessNew);
        var totalBefore = context.CurrentTotal(poolBefore, had);
        return shares
            .Of(pool, after, isReadinessNew)
            .Select(share => Assess(share, sharesBefore, pool, poolBefore, totalBefore, served, isNew))
            .OrderByDescending(a => a.IsRefused)
            .ThenByDescending(a => a.IsRaised)
            .First();
    }

    /// <summary>
    /// For pods that are no longer selected, only ready ones count: the users never reached those that a rollout had yet to create.
    /// </summary>
    private Pool WithoutJoining(Pool before, Pool after)
    {
        var stay = Workloads(after);
        return context.Namespace.Objects is not { PodsAreKnown: true }
            ? before
            : before with
            {
                Members = [.. before.Members.Select(m => stay.Contains(m.Spec.Ref) ? m : ReadyOnly(m))],
            };
    }

    private static Member ReadyOnly(Member member)
    {
        List<RevisionPods> pods = [.. member.Pods.Select(p => p with { Pods = p.Seen.Sum(g => g.Ready), ToBeDeleted = 0 })];
        // A workload that is being deleted gets no more pods.
        var spec = member.Spec with
        {
            IsDeleting = true,
            Replicas = pods.Sum(p => p.Pods),
        };
        return member with
        {
            Spec = spec,
            Pods = pods,
            Excluded = 0,
            Joining = 0,
            SeparatePods = 0,
            SeparateReady = 0,
            Ready = spec.Replicas,
        };
    }

    /// <summary>A workload with pending exposure that may be behind the changed Service; null if there is none.</summary>
    private WorkloadRef? Pending(Pool pool) =>
        context
            .Namespace.PendingExposures.Where(r =>
                r.Selector is null && r.Policy == context.Policy.Name && r.Pool != pool.Name && !r.IsVisibleIn(context.Namespace)
            )
            .Where(r =>
                context.Namespace.Members.FirstOrDefault(m => m.Spec.Ref == r.Workload) is not { } member
                || pool.Members.Any(m => m.Spec.Ref == member.Spec.Ref)
            )
            .Select(r => r.Workload)
            .FirstOrDefault();

    /// <summary>It starts to select an unproven CronJob whose Jobs may overlap.</summary>
    private bool IsUnbounded(Pool before, Pool pool, ProvenInPool proven) =>
        pool.Members.Any(m =>
            m is { Spec.Strategy.JobsOverlap: true, Size: > 0 }
            && before.Members.All(b => b.Spec.Ref != m.Spec.Ref)
            && ProvenRevisions.RevisionsOf(m).Any(r => context.Proven.IsUnproven(m, r, proven))
        );

    private UnknownExposure? UnknownExposureOf(Service after, Service? was, Pool before, Pool pool, ProvenInPool proven) =>
        WhyUnknown(after, was) is { } why ? UnknownExposure.Elsewhere(pool.Where, why)
        : Pending(pool) is { } pending ? UnknownExposure.Yet(pool.Where, pending)
        : IsUnbounded(before, pool, proven) ? UnknownExposure.OfJobs(pool.Where)
        : null;

    private PoolAssessment Unknown(Pool pool, Pool before, ReplacedPods served, UnknownExposure unknown) =>
        Assessment(pool, new Share("", "", 0, [], 0), [], context.FewestHeld(before, [], 0)) with
        {
            IsCold = served.Most == 0,
            IsRaised = true,
            UnknownExposure = unknown,
        };

    /// <summary>Users of an ExternalName reached the pods of its target.</summary>
    private ReplacedPods ServedOf(Pool before, int proven)
    {
        var (own, others) = (
            context.Replaced(before, proven),
            context.Replaced(before with { Name = $"Service {before.Service?.Name}" }, proven)
        );
        return own.Most >= others.Most ? own : others;
    }

    /// <summary>
    /// Addresses written by hand, for a Service whose users have proven pods: the pods behind them are unknown. A Service without a
    /// selector that never had proven pods exists for such addresses.
    /// </summary>
    public IEnumerable<PoolAssessment> Of(EndpointsRequest request)
    {
        foreach (var name in new[] { request.ServiceBefore, request.Service }.Where(n => n.Length > 0).Distinct())
        {
            var service =
                context.Namespace.Services.FirstOrDefault(s => s.Name == name)
                ?? new Service(name, new Dictionary<string, string>(), false);
            var pool = PoolOf(service, name);
            var had = context.Unproven.Of(pool, context.Proven.In(pool), null);
            var served = context.Replaced(pool, ExposureContext.ProvenOf(pool, had));
            yield return Unknown(
                pool,
                pool,
                served,
                UnknownExposure.Elsewhere(pool.Where, "the pods at addresses written by hand are unknown")
            );
        }
    }

    private PoolAssessment Assess(
        Share share,
        IReadOnlyList<Share> sharesBefore,
        Pool pool,
        Pool poolBefore,
        int totalBefore,
        ReplacedPods served,
        bool isNew
    )
    {
        // A new port has no users yet, but users of other ports may be redirected to it by its number.
        var was =
            sharesBefore.FirstOrDefault(s => s.Port == share.Port && s.Node == share.Node)
            ?? sharesBefore.FirstOrDefault(s => s.Port == share.Port && s.Node.Length == 0);
        var had = was is null ? 0 : HadBy(was, pool, poolBefore, served);
        List<string> raised =
        [
            .. share
                .Revisions.GroupBy(r => r.Key)
                .Where(g =>
                    (long)g.Sum(r => r.Pods) * had > (long)(was?.Revisions.Where(r => r.Key == g.Key).Sum(r => r.Pods) ?? 0) * share.Total
                    || had == 0
                )
                .Select(g => g.Key)
                .Where(key => !(isNew && ServedAsItIs(pool, poolBefore, key, share.Revisions.Where(r => r.Key == key).Sum(r => r.Pods)))),
        ];
        var held = context.FewestHeld(poolBefore, raised.Count > 0 ? raised : share.Revisions.Select(r => r.Key).Distinct(), totalBefore);
        var noneLeft = share.Proven <= 0;
        return Assessment(pool, share, raised, held) with
        {
            IsCold = noneLeft && served.Most == 0,
            IsRaised = raised.Count > 0,
            Replaced = noneLeft ? served : null,
            // Every step allows one pod, unless the Service was narrowed: then one pod may be all that the users reach.
            LeastCap = share.Total >= Math.Max(had, totalBefore) ? 1 : 0,
        };
    }

    /// <summary>
    /// The pods of which the users had a share. If other pods are added and no proven one was there, at least as many as within
    /// <c>coldAfter</c>: an unproven pod that is briefly alone is not the whole pool.
    /// </summary>
    private static int HadBy(Share was, Pool pool, Pool poolBefore, ReplacedPods served) =>
        was.Total > was.Revisions.Sum(r => r.Pods) || Workloads(pool).SetEquals(Workloads(poolBefore))
            ? was.Total
            : Math.Max(was.Total, served.Most);

    private static HashSet<WorkloadRef> Workloads(Pool pool) => [.. pool.Members.Select(m => m.Spec.Ref)];

    private PoolAssessment Assessment(Pool pool, Share share, IReadOnlyList<string> raised, StepProgress held) =>
        new()
        {
            Pool = pool,
            Total = share.Total,
            Unproven = share.Revisions.Sum(r => r.Pods),
            Revisions = share.Revisions,
            Rules = context.Rules,
            Held = held,
            IsCold = false,
            IsRaised = false,
            OwnBatch = 0,
            LeavesNoneProven = false,
            Asked = 0,
            Raised = raised,
            Raises = [],
            Port = share.Port,
            Node = share.Node,
        };

    /// <summary>
    /// The Service whose users a new one gets: a deleted one of the same name, or one whose address it takes over. Its former selector is
    /// recorded with the revisions that served behind it.
    /// </summary>
    private Service? Remembered(Service made)
    {
        var last = Recent().Where(s => s.Pool == PoolName(made.Name)).MaxBy(s => s.At);
        return last is null ? Former(made, made.Addresses) : Known(last.Pool, last.Selector, made);
    }

    /// <summary>Another Service, existing or deleted within <c>coldAfter</c>, that has or had one of these addresses.</summary>
    private Service? Former(Service after, IReadOnlyList<string> addresses)
    {
        var (snapshot, own) = (context.Namespace, PoolName(after.Name));
        return snapshot.Services.FirstOrDefault(s => s.Name != after.Name && s.Addresses.Any(addresses.Contains))
            ?? (
                Recent().Where(s => s.Pool != own && s.Addresses.Split(',').Any(addresses.Contains)).MaxBy(s => s.At) is { } gone
                    ? Known(gone.Pool, gone.Selector, after)
                : snapshot
                    .Changes.SelectMany(c => c.GivenUp)
                    .Where(g => g.Pool != own && g.Includes(addresses) && context.Now - g.At < context.Rules.ColdAfter)
                    .MaxBy(g => g.At)
                    is { } givenUp
                    ? Known(givenUp.Pool, givenUp.Selector, after)
                : null
            );
    }

    /// <summary>A former Service, rebuilt from its recorded selector; its users keep the ports of the new one.</summary>
    private static Service Known(string pool, string selector, Service after) =>
        Service.Selecting(pool["Service ".Length..], selector) with
        {
            Ports = after.Ports,
        };

    private static string PoolName(string service) => $"Service {service}";

    private IEnumerable<ServedPool> Recent() =>
        context
            .Namespace.Changes.SelectMany(c => c.Served)
            .Where(s =>
                s.Pods > 0 && s.Pool.StartsWith("Service ", StringComparison.Ordinal) && s.IsWithin(context.Rules.ColdAfter, context.Now)
            );

    /// <summary>
    /// The same selector reached these pods within <c>coldAfter</c>: a Service that is created again unchanged raises no exposure. If it
    /// takes over the address of another Service, that one must have had the same selector.
    /// </summary>
    private bool ServedAsItIs(Pool pool, Pool poolBefore, string key, int pods)
    {
        var selector = pool.Service?.SelectorText ?? "";
        var hasOther =
            poolBefore.Service?.SelectorText != selector
            || Recent().Any(s => (s.Pool == pool.Name || s.Pool == poolBefore.Name) && s.Selector != selector);
        return selector.Length > 0
            && !hasOther
            && context.Held.VetoOf(key) is null
            && context
                .Namespace.Changes.Where(c => !c.IsUnreviewed && RevisionKey.Of(context.Rules.Covers, c) == key)
                .SelectMany(c => c.Served)
                .Any(s =>
                    (s.Pool == pool.Name || s.Pool == poolBefore.Name)
                    && s.Selector == selector
                    && s.IsWithin(context.Rules.ColdAfter, context.Now)
                    && (pods <= s.Pods || WentOn(pool, key, selector, pods))
                );
    }

    /// <summary>
    /// Rollouts admitted behind the Service continued at their pace while it was deleted, up to the size that their workloads had there.
    /// </summary>
    private bool WentOn(Pool pool, string key, string selector, int pods) =>
        context.Rules.Accept.Contains(RolloutMethod.Pace)
        && pods <= pool.Members.Sum(m => Math.Min(PodsOf(m, key), RoomOf(m, key, selector)));

    private int PodsOf(Member member, string key) =>
        ProvenRevisions
            .RevisionsOf(member)
            .Where(r => RevisionKey.Of(context.Rules.Covers, r.TemplateHash, r.Images) == key)
            .Sum(r => r.Pods);

    /// <summary>Pods that a member's rollout may have reached; 0 if it did not serve there before.</summary>
    private int RoomOf(Member member, string key, string selector)
    {
        var had = context.Namespace.Changes.Where(c => c.Workload == member.Spec.Ref).ToList();
        bool WasThere(ServedPool served) => served.Selector == selector && served.IsWithin(context.Rules.ColdAfter, context.Now);
        var room = had.SelectMany(c => c.Served).Where(WasThere).Select(s => s.Pods).DefaultIfEmpty(0).Max();
        return
            PaceBound.Of(member, context.Rules, 0).Faults.Count == 0
            && had.Exists(c => RevisionKey.Of(context.Rules.Covers, c) == key && c.Served.Any(WasThere))
            ? room
            : 0;
    }

    /// <summary>The pods that the users of a Service reach; for an ExternalName, those of its target.</summary>
    private Pool PoolOf(Service service, string name)
    {
        var snapshot = context.Namespace;
        if (service.Target is not { } target)
        {
            return Pool.Behind(service, snapshot.Members) with { Name = $"Service {name}" };
        }

        var (services, members) = IsHere(target.Namespace)
            ? (snapshot.Services, snapshot.Members)
            : (snapshot.ExternalNameTarget?.Services ?? [], snapshot.ExternalNameTarget?.Members ?? []);
        var found = services.FirstOrDefault(s => s.Name == target.Name && !s.IsExternalName);
        return found is null ? new Pool($"Service {name}", service, []) : Pool.Behind(found, members) with { Name = $"Service {name}" };
    }

    /// <summary>Why the pods that the users would reach are unknown; null if they are known.</summary>
    private string? WhyUnknown(Service after, Service? before)
    {
        if (!after.IsExternalName)
        {
            return after.Selector.Count == 0 ? "its endpoints would be written by hand, so the serving pods are unknown"
                : after.Selector.Keys.FirstOrDefault(Service.ControllerLabelKeys.Contains) is { } key
                && Pool.Behind(after, context.Namespace.Members).Members.Count == 0
                    ? $"it selects no pod, and the pods that will get its {key} are unknown"
                : Narrowed(after, after, before);
        }

        var services = after.Target is { } target
            ? IsHere(target.Namespace)
                ? context.Namespace.Services
                : context.Namespace.ExternalNameTarget?.Services
            : null;
        return services?.FirstOrDefault(s => s.Name == after.Target?.Name && !s.IsExternalName && s.Selector.Count > 0) is { } found
            ? Narrowed(found, after, before)
            : $"the serving pods at {after.ExternalName} are unknown";
    }

    /// <summary>A Service for one ordinal is not evaluated again when the StatefulSet updates that pod.</summary>
    /// <param name="to">The Service after the request, or the target of its ExternalName.</param>
    private static string? Narrowed(Service to, Service after, Service? before) =>
        before?.Name == after.Name
        && to.Selector.Keys.FirstOrDefault(k => Service.OrdinalLabelKeys.Contains(k) && !before.Selector.ContainsKey(k)) is { } key
            ? $"it would select pods by {key}, and their future revision is unknown"
            : null;

    private bool IsHere(string @namespace) => context.Namespace.Objects?.Namespace is not { Length: > 0 } own || own == @namespace;
}
