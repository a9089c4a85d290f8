using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// Works out which share of a pool's pods a request would let run unproven revisions. Every pool that the request touches is judged by
/// itself, before and after it.
/// </summary>
internal sealed class ExposureEvaluator
{
    private readonly SafeguardPolicy _policy;
    private readonly CanaryRules _rules;
    private readonly ClusterView _view;
    private readonly NamespaceSnapshot _serving;
    private readonly DateTimeOffset _now;
    private readonly Proven _proven;
    private readonly UnprovenCount _unproven;
    private readonly HeldSteps _held;
    private readonly Reaching _reaching;

    private ExposureEvaluator(SafeguardPolicy policy, CanaryRules rules, ClusterView view, DateTimeOffset now)
    {
        (_policy, _rules, _view, _now) = (policy, rules, view, now);
        _serving = view.Snapshot ?? new NamespaceSnapshot { Changes = view.Changes };
        _proven = new Proven(policy, rules, _serving, now);
        _held = new HeldSteps(policy, rules, view, _serving, now);
        _unproven = new UnprovenCount(policy, rules, _serving, _proven, _held);
        _reaching = new Reaching(rules, _proven, _unproven, _held);
    }

    /// <summary>Null where the policy asks for no canary.</summary>
    public static ExposureEvaluator? Under(SafeguardPolicy policy, ClusterView view, DateTimeOffset now) =>
        policy.Canary is { Required: not Required.Never } rules ? new ExposureEvaluator(policy, rules, view, now) : null;

    /// <summary>Every pool that the request touches; none where it runs what serves nobody, or nothing that is known.</summary>
    public IReadOnlyList<PoolAssessment> Judge(Change change)
    {
        if (change.Request is ServiceRequest service)
        {
            return service.After is { } selecting ? [OfService(service, selecting)] : [];
        }

        if (change.After is not { } after || !Member.Serves(after.Ref.Kind) || change.Request is WorkloadRequest { SubResource: "ephemeralcontainers" })
        {
            return [];
        }

        var target = AskedWorkload.Of(change, after, _view, _serving);
        var others = _serving.Members.Where(m => m.Spec.Ref != after.Ref).ToList();
        IReadOnlyList<Member> then = [.. others, target.After];
        IReadOnlyList<Member> now = target.Before is null ? others : [.. others, target.Before];
        return [.. Pool.Of(target.After, _serving.Services, then).Select(pool => Judge(pool, PoolNow(pool, target, now), target))];
    }

    /// <summary>How every pool of the namespace stands now, with nobody asking for anything.</summary>
    public static IEnumerable<PoolStanding> Standings(NamespaceSnapshot serving, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        if (Under(policy, view with { Snapshot = serving }, now) is not { } exposure)
        {
            return [];
        }

        return serving.Members.SelectMany(m => Pool.Of(m, serving.Services, serving.Members)).DistinctBy(p => p.Name).SelectMany(exposure.Stand);
    }

    private IEnumerable<PoolStanding> Stand(Pool pool)
    {
        var proven = _proven.In(pool);
        var unproven = _unproven.Of(pool, proven, null);
        var total = WeighNow(pool, unproven);
        foreach (var member in pool.Members)
        {
            foreach (var revision in Proven.RevisionsOf(member))
            {
                var key = RevisionKey.Of(_rules.Covers, revision.TemplateHash, revision.Images);
                var lacks = _proven.Lacks(member, revision, proven);
                yield return new PoolStanding
                {
                    Policy = _policy.Name,
                    Pool = pool.Name,
                    Workload = member.Spec.Ref,
                    TemplateHash = revision.TemplateHash,
                    Images = revision.Images,
                    Owned = revision.Owned,
                    Pods = Math.Min(member.Size, revision.Pods),
                    IsProven = !lacks,
                    Unproven = unproven.Sum(u => u.Pods),
                    Total = total,
                    Rules = _rules,
                    Held = lacks ? _held.In(pool, key, total) : new Held(_rules.Steps.Count, "", null),
                    IsProving = lacks && Proofs.Prove(member, pool, _rules),
                };
            }
        }
    }

    /// <summary>The same pool as it is; without the workload where it is not in it yet.</summary>
    private Pool PoolNow(Pool pool, AskedWorkload target, IReadOnlyList<Member> now) =>
        target.Before is null ? pool with { Members = [.. pool.Members.Where(m => m != target.After)] }
        : pool.Service is { } service ? Pool.Behind(service, now)
        : Pool.Of(target.Before, _serving.Services, now).FirstOrDefault(p => p.Name == pool.Name) ?? pool with { Members = [] };

    private PoolAssessment OfService(ServiceRequest request, Service after)
    {
        var pool = Pool.Behind(after, _serving.Members);
        var now = request.Before is { } before ? Pool.Behind(before, _serving.Members) : pool with { Members = [] };
        return Judge(pool, now, null);
    }

    private PoolAssessment Judge(Pool pool, Pool before, AskedWorkload? target)
    {
        var proven = _proven.In(before);
        var had = _unproven.Of(before, proven, target?.After.Spec.Ref);
        var provenBefore = ProvenOf(before, had);
        var served = Replaced(pool, provenBefore);
        // What users have now is what a step is held of, and what one is a share of.
        var totalBefore = WeighNow(before, had);
        var asked = target is null ? null : _reaching.Of(target, before, totalBefore, proven);
        var others = new Pool(pool.Name, pool.Service, [.. pool.Members.Where(m => m != target?.After)]);
        List<UnprovenPods> has = [.. _unproven.Of(others, proven, target?.After.Spec.Ref), .. asked?.Pods ?? []];

        // A workload raises its own revision alone: who says that he is a canary of it joins its pool by his word, and must not keep it from being made.
        List<string> raised = asked is not null ? (asked.IsRaised ? [asked.Key] : [])
            : [.. has.GroupBy(p => p.Key).Where(g => g.Sum(p => p.Pods) > had.Where(p => p.Key == g.Key).Sum(p => p.Pods)).Select(g => g.Key)];
        var unproven = has.Sum(p => p.Pods);
        var total = Weigh(pool, has, target);
        var noneLeft = ProvenOf(pool, has) <= 0;
        if (noneLeft)
        {
            total = Math.Max(total, served.Pods);
        }

        if (target?.IsMoreOfTheSame(before) is true && _held.VetoOf(asked?.Key ?? "") is null
            && (long)unproven * totalBefore <= (long)had.Sum(p => p.Pods) * total)
        {
            // All of its users have it already, and more of it makes them no more: an autoscaler must not wait for the soak after every rollout.
            raised = [];
        }

        // The fewest steps among those raised; where nothing is, among all: what is then said is a warning.
        var held = (raised.Count > 0 ? raised : has.Select(p => p.Key).Distinct())
            .Select(key => _held.In(before, key, totalBefore))
            .DefaultIfEmpty(new Held(_rules.Steps.Count, "", null)).MinBy(h => h.Steps) ?? throw new InvalidOperationException("no revision");
        return new PoolAssessment
        {
            Pool = pool,
            Total = total,
            Unproven = unproven,
            Revisions = has,
            Rules = _rules,
            Held = held,
            IsCold = noneLeft && served.Pods == 0,
            IsRaised = raised.Count > 0,
            InPlace = asked is { IsInPlace: true } or { Bound.Faults.Count: > 0 } ? asked.Bound : null,
            OwnBatch = asked?.OwnBatch ?? 0,
            LeavesNoneProven = asked is { IsInPlace: true, OwnBatch: 0, IsRaised: true } && noneLeft && provenBefore > 0,
            Replaced = noneLeft ? served : null,
            Raised = raised,
            Asked = target?.After.Size ?? 0,
            Proving =
            [
                .. from member in before.Members
                   where Proofs.Prove(member, before, _rules)
                   from revision in Proven.RevisionsOf(member)
                   where raised.Contains(RevisionKey.Of(_rules.Covers, revision.TemplateHash, revision.Images))
                   select (member.Spec.Ref, revision.TemplateHash),
            ],
        };
    }

    /// <summary>
    /// The pods that the users of a pool have as it is. Where no proven one is left, at least as many as there were until a while ago: a canary
    /// that is alone for a moment holds no step by it.
    /// </summary>
    private int WeighNow(Pool pool, IReadOnlyList<UnprovenPods> unproven) =>
        ProvenOf(pool, unproven) is var proven && proven > 0 ? Weigh(pool, unproven, null) : Math.Max(Weigh(pool, unproven, null), Replaced(pool, proven).Pods);

    /// <summary>The pods that the users have: desired and ready ones of the pool's own, and what is unproven of all.</summary>
    private static int Weigh(Pool pool, IReadOnlyList<UnprovenPods> unproven, AskedWorkload? target) =>
        pool.Members.Sum(m =>
        {
            var pods = unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods);
            return !pool.IsOwn(m) ? pods : m == target?.After ? m.Size : Math.Max(pods, m.Present);
        })
        + unproven.Where(u => pool.Members.All(m => m.Spec.Ref != u.Workload)).Sum(u => u.Pods);

    /// <summary>Desired pods that are proven, ready or not: a pool whose pods have crashed is not new.</summary>
    private static int ProvenOf(Pool pool, IReadOnlyList<UnprovenPods> unproven) =>
        pool.Members.Where(pool.IsOwn).Sum(m => Math.Max(0, m.Size - unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods)));

    /// <summary>The proven pods whose place the unproven ones take: those of now, or those that were there until a while ago.</summary>
    private Served Replaced(Pool pool, int provenBefore) => _serving.Changes
        .SelectMany(c => c.Served)
        .Where(s => s.Pool == pool.Name && s.IsWithin(_rules.ColdAfter, _now))
        .Append(new Served(pool.Name, provenBefore, _now))
        .MaxBy(s => s.Pods) ?? throw new InvalidOperationException("nothing served");
}
