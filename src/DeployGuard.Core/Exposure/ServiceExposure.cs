using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// What a change of a Service makes of what its users reach. It adds no pod, so shares decide: an unproven revision that gets a larger part of a port's users
/// is raised, whether by other pods, by fewer, or by another host.
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
        var assessments = befores.Select(before => Assess(after, before, before != request.Before && IsGone(before), request.Before is null));
        // One who takes over the users of another Service has two kinds of users; the stricter answer counts.
        var hasUsers = befores.Exists(before => before is not null);
        return [.. assessments.OrderByDescending(a => a.IsRefused).ThenByDescending(a => a.IsRaised).Take(1).Select(a => a with { HasUsers = hasUsers })];
    }

    /// <summary>What the users had before: of the Service itself, and of another whose address it takes.</summary>
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

    /// <param name="isGone">What it selected is known, and not who was there: pods may have come since, when nobody was asked about them.</param>
    private PoolAssessment Assess(Service after, Service? before, bool isGone, bool isNew)
    {
        var (poolBefore, pool) = (before is null ? new Pool($"Service {after.Name}", after, []) : PoolOf(before, before.Name), PoolOf(after, after.Name));
        var proven = context.Proven.In(poolBefore);
        var had = context.Unproven.Of(poolBefore, proven, null);
        var served = ServedOf(poolBefore, ExposureContext.ProvenOf(poolBefore, had));
        if (UnseenOf(after, before, poolBefore, pool, proven) is { } unseen)
        {
            return Unknown(pool, poolBefore, served, unseen);
        }

        var shares = new ServiceShares(context, proven);
        var isReadinessNew = before is { PublishesNotReady: false } && after.PublishesNotReady;
        var sharesBefore = before is null || isGone ? [] : shares.Of(WithoutComing(poolBefore, pool), before, isReadinessNew);
        var totalBefore = context.WeighNow(poolBefore, had);
        return shares.Of(pool, after, isReadinessNew)
            .Select(share => Assess(share, sharesBefore, pool, poolBefore, totalBefore, served, isNew))
            .OrderByDescending(a => a.IsRefused).ThenByDescending(a => a.IsRaised).First();
    }

    /// <summary>
    /// What is no longer selected was nothing that its users had before it was ready, whatever its workload would have come to in time.
    /// </summary>
    private Pool WithoutComing(Pool before, Pool after)
    {
        var stay = Workloads(after);
        return context.Namespace.Objects is not { PodsAreKnown: true } ? before
            : before with { Members = [.. before.Members.Select(m => stay.Contains(m.Spec.Ref) ? m : ReadyOnly(m))] };
    }

    private static Member ReadyOnly(Member member)
    {
        List<RevisionPods> pods = [.. member.Pods.Select(p => p with { Pods = p.Seen.Sum(g => g.Ready), Leaving = 0 })];
        // What is being deleted comes to no more.
        var spec = member.Spec with { IsDeleting = true, Replicas = pods.Sum(p => p.Pods) };
        return member with { Spec = spec, Pods = pods, Away = 0, Coming = 0, Taken = 0, Told = 0, Ready = spec.Replicas };
    }

    /// <summary>A workload that another request was let have unproven pods of, in the same moment, and that may be behind the Service as it will be; null if there is none.</summary>
    private WorkloadRef? Pending(Pool pool) => context.Namespace.Reached
        .Where(r => r.Selector is null && r.Policy == context.Policy.Name && r.Pool != pool.Name && !r.IsSeenIn(context.Namespace))
        .Where(r => context.Namespace.Members.FirstOrDefault(m => m.Spec.Ref == r.Workload) is not { } member || pool.Members.Any(m => m.Spec.Ref == member.Spec.Ref))
        .Select(r => r.Workload).FirstOrDefault();

    /// <summary>It comes to select an unproven CronJob whose Jobs do not wait for each other.</summary>
    private bool IsUnbounded(Pool before, Pool pool, ProvenInPool proven) => pool.Members.Any(m =>
        m is { Spec.Strategy.JobsOverlap: true, Size: > 0 } && before.Members.All(b => b.Spec.Ref != m.Spec.Ref)
        && ProvenRevisions.RevisionsOf(m).Any(r => context.Proven.Lacks(m, r, proven)));

    private Unseen? UnseenOf(Service after, Service? was, Pool before, Pool pool, ProvenInPool proven) =>
        IsUnseen(after, was) is { } why ? Unseen.Elsewhere(pool.Where, why)
        : Pending(pool) is { } pending ? Unseen.Yet(pool.Where, pending)
        : IsUnbounded(before, pool, proven) ? Unseen.OfJobs(pool.Where)
        : null;

    private PoolAssessment Unknown(Pool pool, Pool before, ServedPool served, Unseen unseen) =>
        Assessment(pool, new Share("", "", 0, [], 0), [], context.FewestHeld(before, [], 0)) with { IsCold = served.Pods == 0, IsRaised = true, Unseen = unseen };

    /// <summary>Users of an ExternalName had what the other Service had.</summary>
    private ServedPool ServedOf(Pool before, int proven)
    {
        var (own, others) = (context.Replaced(before, proven), context.Replaced(before with { Name = $"Service {before.Service?.Name}" }, proven));
        return own.Pods >= others.Pods ? own : others;
    }

    /// <summary>
    /// Addresses that somebody writes by hand for a Service whose users have proven pods: nobody can tell what answers there. For a Service that selects nothing,
    /// and never had such pods, they are what it is for.
    /// </summary>
    public IEnumerable<PoolAssessment> Of(EndpointsRequest request)
    {
        foreach (var name in new[] { request.ServiceBefore, request.Service }.Where(n => n.Length > 0).Distinct())
        {
            var service = context.Namespace.Services.FirstOrDefault(s => s.Name == name) ?? new Service(name, new Dictionary<string, string>(), false);
            var pool = PoolOf(service, name);
            var had = context.Unproven.Of(pool, context.Proven.In(pool), null);
            var served = context.Replaced(pool, ExposureContext.ProvenOf(pool, had));
            yield return Unknown(pool, pool, served, Unseen.Elsewhere(pool.Where, "nobody can tell what answers at addresses that are written by hand"));
        }
    }

    private PoolAssessment Assess(Share share, IReadOnlyList<Share> sharesBefore, Pool pool, Pool poolBefore, int totalBefore, ServedPool served, bool isNew)
    {
        // A port that was not there before has no users yet, but those of the others may be sent to it by its number.
        var was = sharesBefore.FirstOrDefault(s => s.Port == share.Port && s.Node == share.Node) ?? sharesBefore.FirstOrDefault(s => s.Port == share.Port && s.Node.Length == 0);
        var had = was is null ? 0 : HadBy(was, pool, poolBefore, served);
        List<string> raised =
        [
            .. share.Revisions.GroupBy(r => r.Key)
                .Where(g => (long)g.Sum(r => r.Pods) * had > (long)(was?.Revisions.Where(r => r.Key == g.Key).Sum(r => r.Pods) ?? 0) * share.Total || had == 0)
                .Select(g => g.Key)
                .Where(key => !(isNew && ServedAsItIs(pool, poolBefore, key, share.Revisions.Where(r => r.Key == key).Sum(r => r.Pods)))),
        ];
        var held = context.FewestHeld(poolBefore, raised.Count > 0 ? raised : share.Revisions.Select(r => r.Key).Distinct(), totalBefore);
        var noneLeft = share.Proven <= 0;
        return Assessment(pool, share, raised, held) with
        {
            IsCold = noneLeft && served.Pods == 0,
            IsRaised = raised.Count > 0,
            Replaced = noneLeft ? served : null,
            // One pod is a step of a pool that has as many as before. Of one that was narrowed to it, it is all that its users have.
            LeastCap = share.Total >= Math.Max(had, totalBefore) ? 1 : 0,
        };
    }

    /// <summary>
    /// The pods of which its users had a share. If other pods come and no proven one was there, at least as many as there were until a
    /// while ago: an unproven pod that is alone for a moment is not all that they had.
    /// </summary>
    private static int HadBy(Share was, Pool pool, Pool poolBefore, ServedPool served) =>
        was.Total > was.Revisions.Sum(r => r.Pods) || Workloads(pool).SetEquals(Workloads(poolBefore))
            ? was.Total
            : Math.Max(was.Total, served.Pods);

    private static HashSet<WorkloadRef> Workloads(Pool pool) => [.. pool.Members.Select(m => m.Spec.Ref)];

    private PoolAssessment Assessment(Pool pool, Share share, IReadOnlyList<string> raised, StepProgress held) => new()
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
    /// The Service whose users a new one gets: one of its name that was deleted a while ago, or one whose address it takes. What it selected then is on record
    /// with the revisions that it served.
    /// </summary>
    private Service? Remembered(Service made)
    {
        var last = Recent().Where(s => s.Pool == PoolName(made.Name)).MaxBy(s => s.At);
        return last is null ? Former(made, made.Addresses) : Known(last.Pool, last.Selector, made);
    }

    /// <summary>Another Service, there or gone a while ago, that has or had one of these addresses.</summary>
    private Service? Former(Service after, IReadOnlyList<string> addresses)
    {
        var (snapshot, own) = (context.Namespace, PoolName(after.Name));
        return snapshot.Services.FirstOrDefault(s => s.Name != after.Name && s.Addresses.Any(addresses.Contains))
            ?? (Recent().Where(s => s.Pool != own && s.Addresses.Split(',').Any(addresses.Contains)).MaxBy(s => s.At) is { } gone ? Known(gone.Pool, gone.Selector, after)
                : snapshot.Changes.SelectMany(c => c.GivenUp).Where(g => g.Pool != own && g.Includes(addresses) && context.Now - g.At < context.Rules.ColdAfter)
                    .MaxBy(g => g.At) is { } givenUp ? Known(givenUp.Pool, givenUp.Selector, after)
                : null);
    }

    /// <summary>A Service of which is known what it selected; its users came by the ports that they know.</summary>
    private static Service Known(string pool, string selector, Service after) => Service.Selecting(pool["Service ".Length..], selector) with { Ports = after.Ports };

    private static string PoolName(string service) => $"Service {service}";

    private IEnumerable<ServedPool> Recent() => context.Namespace.Changes.SelectMany(c => c.Served)
        .Where(s => s.Pods > 0 && s.Pool.StartsWith("Service ", StringComparison.Ordinal) && s.IsWithin(context.Rules.ColdAfter, context.Now));

    /// <summary>
    /// These pods were served by the same selector a while ago: made again as it was, a Service raises nothing. The users of another Service, whose address it
    /// takes, must have been served by that selector too.
    /// </summary>
    private bool ServedAsItIs(Pool pool, Pool poolBefore, string key, int pods)
    {
        var selector = pool.Service?.SelectorText ?? "";
        var hasOther = poolBefore.Service?.SelectorText != selector
            || Recent().Any(s => (s.Pool == pool.Name || s.Pool == poolBefore.Name) && s.Selector != selector);
        return selector.Length > 0 && !hasOther && context.Held.VetoOf(key) is null && context.Namespace.Changes
            .Where(c => !c.IsUnreviewed && RevisionKey.Of(context.Rules.Covers, c) == key)
            .SelectMany(c => c.Served)
            .Any(s => (s.Pool == pool.Name || s.Pool == poolBefore.Name) && s.Selector == selector && s.IsWithin(context.Rules.ColdAfter, context.Now)
                && (pods <= s.Pods || WentOn(pool, key, selector, pods)));
    }

    /// <summary>Rollouts that were let in behind the Service went on at their pace while it was gone, up to the size that their workloads had there.</summary>
    private bool WentOn(Pool pool, string key, string selector, int pods) =>
        context.Rules.Accept.Contains(RolloutMethod.Pace) && pods <= pool.Members.Sum(m => Math.Min(PodsOf(m, key), RoomOf(m, key, selector)));

    private int PodsOf(Member member, string key) => ProvenRevisions.RevisionsOf(member)
        .Where(r => RevisionKey.Of(context.Rules.Covers, r.TemplateHash, r.Images) == key).Sum(r => r.Pods);

    /// <summary>Pods to which a member's rollout may have come; none where it was not there before.</summary>
    private int RoomOf(Member member, string key, string selector)
    {
        var had = context.Namespace.Changes.Where(c => c.Workload == member.Spec.Ref).ToList();
        bool WasThere(ServedPool served) => served.Selector == selector && served.IsWithin(context.Rules.ColdAfter, context.Now);
        var room = had.SelectMany(c => c.Served).Where(WasThere).Select(s => s.Pods).DefaultIfEmpty(0).Max();
        return PaceBound.Of(member, context.Rules, 0).Faults.Count == 0
            && had.Exists(c => RevisionKey.Of(context.Rules.Covers, c) == key && c.Served.Any(WasThere)) ? room : 0;
    }

    /// <summary>What the users of a Service reach; of an ExternalName, what the Service has that it points to.</summary>
    private Pool PoolOf(Service service, string name)
    {
        var snapshot = context.Namespace;
        if (service.Target is not { } target)
        {
            return Pool.Behind(service, snapshot.Members) with { Name = $"Service {name}" };
        }

        var (services, members) = IsHere(target.Namespace) ? (snapshot.Services, snapshot.Members) : (snapshot.Elsewhere?.Services ?? [], snapshot.Elsewhere?.Members ?? []);
        var found = services.FirstOrDefault(s => s.Name == target.Name && !s.IsExternalName);
        return found is null ? new Pool($"Service {name}", service, []) : Pool.Behind(found, members) with { Name = $"Service {name}" };
    }

    /// <summary>Why nobody can tell what the users would reach; null where it can be told.</summary>
    private string? IsUnseen(Service after, Service? before)
    {
        if (!after.IsExternalName)
        {
            return after.Selector.Count == 0 ? "its endpoints would be written by hand, and nobody can tell what serves behind them"
                : after.Selector.Keys.FirstOrDefault(Service.WrittenByControllers.Contains) is { } key && Pool.Behind(after, context.Namespace.Members).Members.Count == 0
                    ? $"it selects no pod, and nobody can tell which will be given its {key}"
                : Narrowed(after, after, before);
        }

        var services = after.Target is { } target ? IsHere(target.Namespace) ? context.Namespace.Services : context.Namespace.Elsewhere?.Services : null;
        return services?.FirstOrDefault(s => s.Name == after.Target?.Name && !s.IsExternalName && s.Selector.Count > 0) is { } found ? Narrowed(found, after, before)
            : $"nobody can tell what serves at {after.ExternalName}";
    }

    /// <summary>An ordinal of a StatefulSet runs another revision tomorrow, and to the StatefulSet it is one of many.</summary>
    /// <param name="to">The Service as it would be, or the one that it would stand for.</param>
    private static string? Narrowed(Service to, Service after, Service? before) =>
        before?.Name == after.Name && to.Selector.Keys.FirstOrDefault(k => Service.OfOrdinals.Contains(k) && !before.Selector.ContainsKey(k)) is { } key
            ? $"by {key} it would keep to pods of which nobody can tell what they will run"
            : null;

    private bool IsHere(string @namespace) => context.Namespace.Objects?.Namespace is not { Length: > 0 } own || own == @namespace;
}
