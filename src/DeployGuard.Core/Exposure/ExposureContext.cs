using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>What the exposure of every request rests on, in the eyes of one policy: the namespace as it is, and what has proven itself there.</summary>
internal sealed class ExposureContext
{
    public ExposureContext(SafeguardPolicy policy, CanaryRules rules, ClusterSnapshot cluster, DateTimeOffset now)
    {
        (Policy, Rules, Cluster, Now) = (policy, rules, cluster, now);
        Namespace = cluster.Namespace?.WithPendingServices() ?? new NamespaceSnapshot { Changes = cluster.Changes };
        Proven = new ProvenRevisions(policy, rules, Namespace, now);
        Held = new PoolProgress(policy, rules, cluster, Namespace, Proven, now);
        Unproven = new UnprovenCount(policy, rules, Namespace, Proven, Held);
    }

    public SafeguardPolicy Policy { get; }

    public CanaryRules Rules { get; }

    public ClusterSnapshot Cluster { get; }

    public NamespaceSnapshot Namespace { get; }

    public DateTimeOffset Now { get; }

    public ProvenRevisions Proven { get; }

    public PoolProgress Held { get; }

    public UnprovenCount Unproven { get; }

    /// <summary>
    /// The pods that the users of a pool have as it is. If no proven one is ready, at least as many as there were until a while ago:
    /// a canary that is alone for a moment holds no step by it, and is not all that its users have.
    /// </summary>
    public int WeighNow(Pool pool, IReadOnlyList<UnprovenPods> unproven)
    {
        var total = Weigh(pool, unproven, null);
        return total > unproven.Sum(u => u.Pods) ? total : Math.Max(total, Replaced(pool, ProvenOf(pool, unproven)).Pods);
    }

    /// <summary>The pods that the users have: desired and ready ones of the pool's own, and what is unproven of all.</summary>
    /// <param name="asked">The workload that a request is about: it is counted as asked for.</param>
    public static int Weigh(Pool pool, IReadOnlyList<UnprovenPods> unproven, AskedWorkload? asked)
    {
        int UnprovenOf(Member m) => unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods);
        // Proven pods that no user reaches make no room for others, as long as users reach some.
        var isReached = pool.Members.Any(m => pool.IsOwn(m) && m.Size > UnprovenOf(m) && pool.ReachesBySome(m.Spec.Template));
        return pool.Members.Sum(m =>
        {
            var pods = UnprovenOf(m);
            return !pool.IsOwn(m) || (isReached && !pool.ReachesBySome(m.Spec.Template)) ? pods : m.Spec.Ref == asked?.After.Spec.Ref ? Math.Max(0, Math.Max(pods, m.Size) - m.Taken)
                : Math.Max(Math.Max(0, pods - m.Taken), m.Own);
        })
        + unproven.Where(u => pool.Members.All(m => m.Spec.Ref != u.Workload)).Sum(u => u.Pods);
    }

    /// <summary>The unproven pods without those whose place something else has yet: what it runs is told by itself.</summary>
    public static int RunningOf(Pool pool, IReadOnlyList<UnprovenPods> unproven) =>
        unproven.GroupBy(u => u.Workload)
            .Sum(g => Math.Max(0, g.Sum(u => u.Pods) - (pool.Members.FirstOrDefault(m => m.Spec.Ref == g.Key)?.Taken ?? 0)));

    /// <summary>Desired pods that are proven, ready or not: a pool whose pods have crashed is not new.</summary>
    public static int ProvenOf(Pool pool, IReadOnlyList<UnprovenPods> unproven) =>
        pool.Members.Where(pool.IsOwn).Sum(m => Math.Max(0, m.Size - m.Taken - unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods)));

    /// <summary>Proven pods are there now, also where a rollout under way is about to replace them.</summary>
    public bool HasProven(Pool pool, ProvenInPool here) => pool.Members.Where(pool.IsOwn)
        .Any(m => m.Pods.Any(r => r.Pods > 0 && !Proven.Lacks(m, r, here)));

    /// <summary>The proven pods whose place the unproven ones take: those of now, or those that were there until a while ago.</summary>
    public ServedPool Replaced(Pool pool, int provenBefore) =>
        Proven.OfLate(pool.Name) is { } served && served.Pods >= provenBefore ? served : new ServedPool(pool.Name, provenBefore, Now);

    /// <summary>The fewest steps held among some revisions.</summary>
    public StepProgress FewestHeld(Pool before, IEnumerable<string> keys, int totalBefore) =>
        keys.Select(key => Held.In(before, key, totalBefore)).DefaultIfEmpty(new StepProgress(Rules.Steps.Count, "", null)).MinBy(h => h.Steps)
            ?? throw new InvalidOperationException("no revision");

    /// <summary>Keys of the revisions of which there are more than before, or sooner.</summary>
    public static IReadOnlyList<string> RaisedKeys(IReadOnlyList<UnprovenPods> had, IReadOnlyList<UnprovenPods> has) =>
    [
        .. from some in has.GroupBy(p => p.Key)
           let before = had.Where(p => p.Key == some.Key).ToList()
           where some.Sum(p => p.Pods) > before.Sum(p => p.Pods) || some.Sum(p => p.Now) > before.Sum(p => p.Now)
           select some.Key,
    ];
}
