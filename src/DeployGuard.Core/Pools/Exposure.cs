using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Pools;

/// <summary>
/// Works out which share of a pool's pods a request would let run unproven revisions. Every pool that the request touches is judged by
/// itself, before and after it.
/// </summary>
internal sealed class Exposure
{
    private readonly Dictionary<(string Pool, string Key), Held> _held = [];
    private readonly SafeguardPolicy _policy;
    private readonly CanaryRules _rules;
    private readonly ClusterView _view;
    private readonly Serving _serving;
    private readonly Proven _proven;
    private readonly DateTimeOffset _now;

    private Exposure(SafeguardPolicy policy, CanaryRules rules, ClusterView view, DateTimeOffset now)
    {
        (_policy, _rules, _view, _now) = (policy, rules, view, now);
        _serving = view.Serving ?? new Serving { Changes = view.Changes };
        _proven = new Proven(policy, rules, _serving, now);
    }

    /// <summary>Every pool that the request touches; none where it runs what serves nobody, or nothing that is known.</summary>
    public static IReadOnlyList<Judged> Of(Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now) =>
        policy.Canary is { Required: not Required.Never } rules ? new Exposure(policy, rules, view, now).Judge(change) : [];

    /// <summary>The most of something (replicas, pods at once) with which a request would pass that does not with <paramref name="fails"/> of it.</summary>
    /// <param name="shape">The workload with so many of it.</param>
    /// <param name="passes">So many are known to pass, or make no request: what is answered if not even one more would.</param>
    public static int Most(Change change, Func<int, Workload> shape, int passes, int fails, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        var exposure = new Exposure(policy, policy.Canary ?? throw new InvalidOperationException($"policy {policy.Name} has no canary"), view, now);
        while (fails - passes > 1)
        {
            var middle = passes + ((fails - passes) / 2);
            (passes, fails) = exposure.Judge(change with { After = shape(middle) }).Any(j => j.IsRefused) ? (passes, middle) : (middle, fails);
        }

        return passes;
    }

    private IReadOnlyList<Judged> Judge(Change change)
    {
        if (change.Request is ServiceRequest service)
        {
            return service.After is { } selecting ? [OfService(service, selecting)] : [];
        }

        if (change.After is not { } after || !Member.Serves(after.Ref.Kind) || change.Request is WorkloadRequest { SubResource: "ephemeralcontainers" })
        {
            return [];
        }

        var target = TargetOf(change, after);
        var others = _serving.Members.Where(m => m.Spec.Ref != after.Ref).ToList();
        IReadOnlyList<Member> then = [.. others, target.After];
        IReadOnlyList<Member> now = target.Before is null ? others : [.. others, target.Before];
        return [.. Pool.Of(target.After, _serving.Services, then).Select(pool => Judge(pool, PoolNow(pool, target, now), target))];
    }

    /// <summary>How every pool of the namespace stands now, with nobody asking for anything.</summary>
    public static IEnumerable<PoolStanding> Standings(Serving serving, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        if (policy.Canary is not { Required: not Required.Never } rules)
        {
            return [];
        }

        var exposure = new Exposure(policy, rules, view with { Serving = serving }, now);
        return serving.Members.SelectMany(m => Pool.Of(m, serving.Services, serving.Members)).DistinctBy(p => p.Name).SelectMany(exposure.Stand);
    }

    private IEnumerable<PoolStanding> Stand(Pool pool)
    {
        var proven = _proven.In(pool);
        var unproven = Count(pool, proven);
        var total = Weigh(pool, unproven, null);
        foreach (var member in pool.Members)
        {
            foreach (var revision in Proven.RevisionsOf(member))
            {
                var key = RevisionKey.Of(_rules.Covers, revision.TemplateHash, revision.Images);
                var pods = unproven.Where(u => u.Workload == member.Spec.Ref && u.TemplateHash == revision.TemplateHash).Sum(u => u.Pods);
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
                    Held = lacks ? HeldIn(pool, key, total) : new Held(_rules.Steps.Count, "", null),
                    IsProving = lacks && Proofs.Prove(member, pool, _rules),
                };
            }
        }
    }

    /// <summary>The same pool as it is; without the workload where it is not in it yet.</summary>
    private Pool PoolNow(Pool pool, Target target, IReadOnlyList<Member> now) =>
        pool.Service is { } service ? Pool.Behind(service, now)
        : target.Before is null ? pool with { Members = [.. pool.Members.Where(m => m != target.After)] }
        : Pool.Of(target.Before, _serving.Services, now).FirstOrDefault(p => p.Name == pool.Name) ?? pool with { Members = [] };

    private Judged OfService(ServiceRequest request, Service after)
    {
        var pool = Pool.Behind(after, _serving.Members);
        var now = request.Before is { } before ? Pool.Behind(before, _serving.Members) : pool with { Members = [] };
        return Judge(pool, now, null);
    }

    private Judged Judge(Pool pool, Pool before, Target? target)
    {
        var proven = _proven.In(before);
        var had = Count(before, proven);
        // What users have now is what a step is held of, and what one is a share of.
        var totalBefore = Weigh(before, had, null);
        var asked = target is null ? null : Ask(target, before, totalBefore, proven);
        var others = new Pool(pool.Name, pool.Service, [.. pool.Members.Where(m => m != target?.After)]);
        List<UnprovenPods> has = [.. Count(others, proven), .. asked?.Pods ?? []];

        var raised = has.GroupBy(p => p.Key)
            .Where(g => (asked is { IsRaised: true } && g.Key == asked.Key) || (asked?.Key != g.Key && g.Sum(p => p.Pods) > had.Where(p => p.Key == g.Key).Sum(p => p.Pods)))
            .Select(g => g.Key).ToList();
        var unproven = has.Sum(p => p.Pods);
        var total = Weigh(pool, has, target);
        var provenBefore = ProvenOf(before, had);
        var served = Replaced(pool, provenBefore);
        var noneLeft = ProvenOf(pool, has) <= 0;
        if (noneLeft)
        {
            total = Math.Max(total, served.Pods);
        }

        if (IsMoreOfTheSame(target, before) && VetoOf(asked?.Key ?? "") is null
            && (long)unproven * (provenBefore <= 0 ? Math.Max(totalBefore, served.Pods) : totalBefore) <= (long)had.Sum(p => p.Pods) * total)
        {
            // All of its users have it already, and more of it makes them no more: an autoscaler must not wait for the soak after every rollout.
            raised = [];
        }

        // The fewest steps among those raised; where nothing is, among all: what is then said is a warning.
        var held = (raised.Count > 0 ? raised : has.Select(p => p.Key).Distinct())
            .Select(key => HeldIn(before, key, totalBefore))
            .DefaultIfEmpty(new Held(_rules.Steps.Count, "", null)).MinBy(h => h.Steps) ?? throw new InvalidOperationException("no revision");
        return new Judged
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

    /// <summary>Another size of what has settled there: no rollout is asked for, and none is under way.</summary>
    private static bool IsMoreOfTheSame(Target? target, Pool before) =>
        target is { IsInPlace: false, Before: { IsRollingOut: false, Size: > 0 } was } && before.Members.Contains(was);

    /// <summary>The pods that the users have: desired and ready ones of the pool's own, and what is unproven of all.</summary>
    private static int Weigh(Pool pool, IReadOnlyList<UnprovenPods> unproven, Target? target) => pool.Members.Sum(m =>
    {
        var pods = unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods);
        return !pool.IsOwn(m) ? pods : m == target?.After ? m.Size : Math.Max(pods, m.Present);
    });

    /// <summary>Desired pods that are proven, ready or not: a pool whose pods have crashed is not new.</summary>
    private static int ProvenOf(Pool pool, IReadOnlyList<UnprovenPods> unproven) =>
        pool.Members.Where(pool.IsOwn).Sum(m => m.Size - unproven.Where(u => u.Workload == m.Spec.Ref).Sum(u => u.Pods));

    /// <summary>The proven pods whose place the unproven ones take: those of now, or those that were there until a while ago.</summary>
    private Served Replaced(Pool pool, int provenBefore) => _serving.Changes
        .SelectMany(c => c.Served)
        .Where(s => s.Pool == pool.Name && s.IsWithin(_rules.ColdAfter, _now))
        .Append(new Served(pool.Name, provenBefore, _now))
        .MaxBy(s => s.Pods) ?? throw new InvalidOperationException("nothing served");

    private List<UnprovenPods> Count(Pool pool, ProvenHere proven) => [.. pool.Members.SelectMany(m => Count(m, proven))];

    /// <summary>Unproven pods of a workload that is not asked about: what runs, and what its rollout under way may bring at once.</summary>
    private IEnumerable<UnprovenPods> Count(Member member, ProvenHere proven)
    {
        var left = member.Size;
        foreach (var revision in NewestFirst(member))
        {
            if (!_proven.Lacks(member, revision, proven))
            {
                continue;
            }

            var isNewest = revision.TemplateHash == member.Spec.Template.Hash;
            var running = !member.IsRollingOut ? member.Size : isNewest ? Math.Max(revision.Pods, AtOnce(member)) : revision.Pods;
            var pods = Math.Min(left, running);
            left -= pods;
            if (pods > 0)
            {
                yield return new UnprovenPods(RevisionKey.Of(_rules.Covers, revision.TemplateHash, revision.Images), member.Spec.Ref, revision.TemplateHash, revision.Images, pods);
            }
        }
    }

    /// <summary>Also the newest, of which its controller may have made nothing yet.</summary>
    private static IEnumerable<RevisionPods> NewestFirst(Member member)
    {
        var hash = member.Spec.Template.Hash;
        var revisions = Proven.RevisionsOf(member);
        var newest = revisions.FirstOrDefault(r => r.TemplateHash == hash) ?? new RevisionPods(hash, null, [.. member.Spec.Template.Images.Select(i => i.Reference.Text)], 0);
        return revisions.Where(r => r.TemplateHash != hash).Prepend(newest);
    }

    /// <summary>What the rollout under way brings without anybody asking.</summary>
    private static int AtOnce(Member member) => member.Spec.Strategy switch
    {
        { Paused: true } => 0,
        { Partition: > 0 and var partition } => Math.Max(0, member.Size - partition),
        _ => RolloutBatch.Of(member.Spec),
    };

    /// <summary>What the request makes of the workload that it is about.</summary>
    private Asked Ask(Target target, Pool before, int totalBefore, ProvenHere proven)
    {
        var (was, member) = (target.Before, target.After);
        var images = member.Spec.Template.Images.Select(i => i.Reference.Text).ToList();
        var key = RevisionKey.Of(_rules.Covers, member.Spec);
        var remaining = was is null ? [] : Count(was, proven).Where(p => p.Key != key).ToList();
        if (!_proven.LacksAsked(member.Spec, target.Origin, proven))
        {
            // What is unproven and still runs is on its way out.
            return new Asked(key, target.IsInPlace ? [] : Cap(remaining, member.Size), false, false, 0, null);
        }

        var (pods, isRaised, batch, bound) = Reaches(target, before, totalBefore, key);
        var own = new UnprovenPods(key, member.Spec.Ref, member.Spec.Template.Hash, images, pods);
        return new Asked(key, [.. pods > 0 ? [own] : (UnprovenPods[])[], .. Cap(remaining, member.Size - pods)], isRaised, target.IsInPlace && was?.Size > 0, batch, bound);
    }

    /// <summary>Pods that the request lets run its revision at once; how many of them as a conforming batch.</summary>
    private (int Pods, bool IsRaised, int Batch, PaceBound? Bound) Reaches(Target target, Pool before, int totalBefore, string key)
    {
        var (was, member) = (target.Before, target.After);
        var isMember = was is not null && before.Members.Contains(was);
        var ran = isMember && was is not null ? was.Pods.Where(p => p.TemplateHash == member.Spec.Template.Hash).Sum(p => p.Pods) : 0;
        if (was is null or { Size: 0 } || !isMember)
        {
            // New here: all of its pods come at once.
            return (member.Size, member.Size > 0, 0, null);
        }

        if (!target.IsInPlace && !was.IsRollingOut)
        {
            return (member.Size, member.Size > was.Size, 0, null);
        }

        var steps = HeldIn(before, key, totalBefore).Steps;
        var bound = PaceBound.Of(member, _rules, steps);
        var exposed = Proofs.Exposes(member, _rules, steps);
        if (member.Spec is { Ref.Kind: "StatefulSet", Strategy: { Type: not "OnDelete", Partition: > 0 } })
        {
            var had = was.Spec.Strategy.Partition is > 0 and var partition && !target.IsInPlace ? Math.Max(0, was.Size - partition) : ran;
            return (exposed, exposed > had, 0, null);
        }

        if (bound.Faults.Count > 0 || !_rules.Accept.Contains(Proof.Pace))
        {
            return (member.Size, member.Size > ran, 0, bound);
        }

        if (member.Spec.Ref.Kind == "StatefulSet")
        {
            // Every new ordinal is made from the newest revision, besides what the rollout replaces.
            return (exposed + Math.Max(0, member.Size - was.Size), true, exposed, bound);
        }

        // More replicas amid a rollout: its controller spreads them over the revisions by their shares.
        var live = was.Pods.Sum(p => p.Pods);
        var added = target.IsInPlace || member.Size <= was.Size || live == 0 ? 0 : (int)((((long)member.Size * ran) + live - 1) / live) - ran;
        return (Math.Max(exposed, added), true, exposed, bound);
    }

    /// <summary>Worked out once: a pool as it is does not depend on what is asked.</summary>
    private Held HeldIn(Pool before, string key, int total)
    {
        if (!_held.TryGetValue((before.Name, key), out var held))
        {
            _held[(before.Name, key)] = held = Held.Of(before, total, key, _policy, _rules, _serving, VetoOf(key), _now);
        }

        return held;
    }

    private Approval? VetoOf(string key)
    {
        var rules = _view.Policies.Where(p => _view.NamespaceLabels is null || p.Match.Namespaces.Matches(_view.NamespaceLabels)).ToList();
        return _serving.Changes.Where(c => RevisionKey.Of(_rules.Covers, c.TemplateHash, c.Images) == key)
            .Select(c => Standing.Veto(c, _serving.Votes, rules, _now, _serving.Changes.Where(s => s.Workload == c.Workload))).FirstOrDefault(v => v is not null);
    }

    private Target TargetOf(Change change, Workload after)
    {
        var spec = after.Ref.Kind == "DaemonSet" && change.Before is null ? after with { Replicas = Math.Max(after.Replicas, _serving.Nodes) } : after;
        if (change.Before is not { } before)
        {
            return new Target(null, new Member { Spec = spec }, false, change.Origin.Kind);
        }

        var isInPlace = before.Template.Hash != after.Template.Hash;
        if (_serving.Members.FirstOrDefault(m => m.Spec.Ref == after.Ref) is { } member)
        {
            // The request says what is asked for, the cluster what runs.
            return new Target(member with { Spec = before }, member with { Spec = spec }, isInPlace, change.Origin.Kind);
        }

        if (before.ControllerUid is not null && _serving.Members.Count > 0)
        {
            // Its pods are counted with its controller's; what it adds to them comes on top.
            var more = before.Template.Labels.SequenceEqual(after.Template.Labels) ? Math.Max(0, after.Replicas - before.Replicas) : after.Replicas;
            return new Target(null, new Member { Spec = spec with { Replicas = more } }, false, change.Origin.Kind);
        }

        return new Target(Unseen(change, before), Unseen(change, before) with { Spec = spec }, isInPlace, change.Origin.Kind);
    }

    /// <summary>A workload that no cache has seen: if its revision was let in and did not complete, its rollout is under way.</summary>
    private Member Unseen(Change change, Workload before)
    {
        var isUnderWay = change.Recorded is { Phase: Phase.Admitted or Phase.Running } recorded && recorded.TemplateHash == before.Template.Hash
            && _view.Changes.FirstOrDefault(c => c.HasCompleted) is not null;
        var old = isUnderWay ? _view.Changes.First(c => c.HasCompleted) : null;
        return new Member { Spec = before, Pods = old is null ? [] : [new RevisionPods(old.TemplateHash, old.OwnedRevision, old.Images, before.Replicas)] };
    }

    private static List<UnprovenPods> Cap(IReadOnlyList<UnprovenPods> pods, int most)
    {
        var capped = new List<UnprovenPods>();
        foreach (var some in pods)
        {
            var count = Math.Min(some.Pods, Math.Max(0, most));
            most -= count;
            if (count > 0)
            {
                capped.Add(some with { Pods = count });
            }
        }

        return capped;
    }

    private sealed record Target(Member? Before, Member After, bool IsInPlace, OriginKind Origin);

    /// <param name="OwnBatch">Pods of a conforming batch; 0 where it does not conform.</param>
    private sealed record Asked(string Key, IReadOnlyList<UnprovenPods> Pods, bool IsRaised, bool IsInPlace, int OwnBatch, PaceBound? Bound);
}

/// <summary>Pods of one workload that would run a revision without proof.</summary>
internal sealed record UnprovenPods(string Key, WorkloadRef Workload, string TemplateHash, IReadOnlyList<string> Images, int Pods);
