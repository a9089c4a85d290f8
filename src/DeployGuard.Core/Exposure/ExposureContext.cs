using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>The inputs of every exposure evaluation under one policy: the namespace as it is, and its proven revisions.</summary>
internal sealed class ExposureContext
{
    public ExposureContext(SafeguardPolicy policy, CanaryRules rules, ExposureFacts facts, DateTimeOffset now)
    {
        (Policy, Rules, Facts, Now) = (policy, rules, facts, now);
        Namespace = facts.Namespace?.WithPendingServices() ?? new NamespaceSnapshot { Changes = facts.Changes };
        Proven = new ProvenRevisions(policy, rules, Namespace, now);
        Held = new PoolProgress(policy, rules, facts, Namespace, Proven, now);
        Unproven = new UnprovenCount(policy, rules, Namespace, Proven, Held);
    }

    public SafeguardPolicy Policy { get; }

    public CanaryRules Rules { get; }

    public ExposureFacts Facts { get; }

    public NamespaceSnapshot Namespace { get; }

    public DateTimeOffset Now { get; }

    public ProvenRevisions Proven { get; }

    public PoolProgress Held { get; }

    public UnprovenCount Unproven { get; }

    /// <summary>
    /// The pods that the users of a pool have now. If no proven pod is ready, at least as many as there were within <c>coldAfter</c>:
    /// a canary that is briefly alone holds no step by that, and is not the whole pool.
    /// </summary>
    public int CurrentTotal(Pool pool, IReadOnlyList<UnprovenPods> unproven)
    {
        var total = TotalOf(pool, unproven, null);
        return total > unproven.Sum(u => u.Pods) ? total : Math.Max(total, Replaced(pool, ProvenOf(pool, unproven)).Most);
    }

    /// <summary>The pods of a pool: the desired and ready ones of its own members, and the unproven ones of all members.</summary>
    /// <param name="asked">The workload that a request changes; it counts as requested.</param>
    public static int TotalOf(Pool pool, IReadOnlyList<UnprovenPods> unproven, RequestedWorkload? asked)
    {
        int UnprovenOf(Member m) => unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods);
        // Proven pods that no user reaches must not enlarge the pool while users reach others.
        var isReached = pool.Members.Any(m => pool.IsFullMember(m) && m.Size > UnprovenOf(m) && pool.ReachesBySome(m.Spec.Template));
        return pool.Members.Sum(m =>
            {
                var pods = UnprovenOf(m);
                return !pool.IsFullMember(m) || (isReached && !pool.ReachesBySome(m.Spec.Template)) ? pods
                    : m.Spec.Ref == asked?.After.Spec.Ref ? Math.Max(0, Math.Max(pods, m.Size) - m.SeparatePods)
                    : Math.Max(Math.Max(0, pods - m.SeparatePods), m.OwnPresent);
            }) + unproven.Where(u => pool.Members.All(m => m.Spec.Ref != u.Workload)).Sum(u => u.Pods);
    }

    /// <summary>The unproven pods, without those whose place a separately counted pod still takes.</summary>
    public static int RunningOf(Pool pool, IReadOnlyList<UnprovenPods> unproven) =>
        unproven
            .GroupBy(u => u.Workload)
            .Sum(g => Math.Max(0, g.Sum(u => u.Pods) - (pool.Members.FirstOrDefault(m => m.Spec.Ref == g.Key)?.SeparatePods ?? 0)));

    /// <summary>Desired pods that are proven, ready or not: a pool whose pods have crashed is not new.</summary>
    public static int ProvenOf(Pool pool, IReadOnlyList<UnprovenPods> unproven) =>
        pool
            .Members.Where(pool.IsFullMember)
            .Sum(m => Math.Max(0, m.Size - m.SeparatePods - unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods)));

    /// <summary>Proven pods exist now, even if a rollout in progress is about to replace them.</summary>
    public bool HasProven(Pool pool, ProvenInPool here) =>
        pool.Members.Where(pool.IsFullMember).Any(m => m.Pods.Any(r => r.Pods > 0 && !Proven.IsUnproven(m, r, here)));

    /// <summary>The proven pods that the unproven ones replace: those of now, or those within <c>coldAfter</c>.</summary>
    public ReplacedPods Replaced(Pool pool, int provenBefore) =>
        Proven.LastServed(pool.Name) is var (served, lastAt) && served.Pods > provenBefore
            ? new ReplacedPods(provenBefore, served.Pods, served.IsPresent ? Now : served.At, lastAt)
            : new ReplacedPods(provenBefore, provenBefore, Now, Now);

    /// <summary>The fewest steps held among some revisions.</summary>
    public StepProgress FewestHeld(Pool before, IEnumerable<string> keys, int totalBefore) =>
        keys.Select(key => Held.In(before, key, totalBefore))
            .DefaultIfEmpty(new StepProgress(Rules.Steps.Count, "", null))
            .MinBy(h => h.Steps)
        ?? throw new InvalidOperationException("no revision");

    /// <summary>Keys of the revisions that gain pods, or get them sooner.</summary>
    public static IReadOnlyList<string> RaisedKeys(IReadOnlyList<UnprovenPods> had, IReadOnlyList<UnprovenPods> has) =>
        [
            .. from some in has.GroupBy(p => p.Key)
            let before = had.Where(p => p.Key == some.Key).ToList()
            where some.Sum(p => p.Pods) > before.Sum(p => p.Pods) || some.Sum(p => p.Now) > before.Sum(p => p.Now)
            select some.Key,
        ];
}
