using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>What a request makes of the workload that it is about, in one pool.</summary>
/// <param name="Key">Of the revision asked for.</param>
/// <param name="Pods">Unproven ones of the workload after it.</param>
/// <param name="OwnBatch">Pods of a conforming batch; 0 where it does not conform.</param>
internal sealed record RequestedExposure(string Key, IReadOnlyList<UnprovenPods> Pods, bool IsRaised, bool IsInPlace, int OwnBatch, PaceBound? Bound);

/// <summary>How many pods a request lets run its revision at once.</summary>
internal sealed class RequestedExposureEvaluator(CanaryRules rules, ProvenRevisions proven, UnprovenCount unproven, PoolProgress held)
{
    /// <summary>What the request makes of the workload that it is about.</summary>
    /// <param name="scaled">As it is before it comes to what is asked for.</param>
    public RequestedExposure Of(AskedWorkload asked, Member? scaled, Pool before, int totalBefore, ProvenInPool here)
    {
        var (was, member) = (asked.Before, asked.After);
        var images = member.Spec.Template.ImageNames;
        var key = RevisionKey.Of(rules.Covers, member.Spec);
        var remaining = was is null || scaled is null ? [] : unproven.BesideAsked(scaled, key, here).ToList();
        if (!proven.LacksAsked(member.Spec, asked.Origin, here))
        {
            // What is unproven and still runs is on its way out.
            return new RequestedExposure(key, asked.IsInPlace ? [] : UnprovenPods.Cap(remaining, member.Size), false, false, 0, null);
        }

        var (pods, isRaised, batch, bound) = Reaches(asked, before, totalBefore, key);
        var own = new UnprovenPods(key, member.Spec.Ref, member.Spec.Template.Hash, images, pods);
        return new RequestedExposure(key, [.. pods > 0 ? [own] : (UnprovenPods[])[], .. UnprovenPods.Cap(remaining, member.Size - pods)], isRaised, asked.IsInPlace && was?.Size > 0, batch, bound);
    }

    /// <summary>Pods that the request lets run its revision at once; how many of them as a conforming batch.</summary>
    private (int Pods, bool IsRaised, int Batch, PaceBound? Bound) Reaches(AskedWorkload asked, Pool before, int totalBefore, string key)
    {
        var (was, member) = (asked.Before, asked.After);
        var isMember = was is not null && before.Members.Any(m => m.Spec.Ref == was.Spec.Ref);
        var ran = isMember && was is not null ? was.Pods.Where(p => p.TemplateHash == member.Spec.Template.Hash).Sum(p => p.Pods) : 0;
        if (was is null or { Size: 0 } || !isMember)
        {
            // New here: all of its pods come at once.
            return (member.Size, member.Size > 0, 0, null);
        }

        if (!asked.IsInPlace && !was.IsRollingOut)
        {
            return (member.Size, member.Size > was.Size || asked.IsFilled, 0, null);
        }

        var steps = held.In(before, key, totalBefore).Steps;
        var bound = PaceBound.Of(member, rules, steps);
        var exposed = RolloutMethods.Exposes(member, rules, steps);
        // Pods of other ordinals are new ones.
        var moved = (int)Math.Min(member.Size, Math.Abs((long)member.Spec.Strategy.FirstOrdinal - was.Spec.Strategy.FirstOrdinal));
        if (member.Spec is { Ref.Kind: "StatefulSet", Strategy: { IsRolling: true, Partition: > 0 } })
        {
            var isJudged = was.Spec.Strategy.Partition is > 0 && !asked.IsInPlace && !IsFaster(was.Spec, member.Spec);
            var had = isJudged ? was.Spec.PodsAbovePartition : ran;
            var pods = Math.Min(member.Size, exposed + moved);
            return (pods, pods > had, 0, null);
        }

        if (bound.Faults.Count > 0 || !rules.Accept.Contains(RolloutMethod.Pace))
        {
            return (member.Size, member.Size > ran, 0, bound);
        }

        if (member.Spec.Ref.Kind == "StatefulSet")
        {
            // Every new ordinal is made from the newest revision, besides what the rollout replaces.
            return (Math.Min(member.Size, Math.Max(exposed, AbsentOf(was, member)) + Math.Max(0, member.Size - was.Size) + moved), exposed > 0, exposed, bound);
        }

        if (member.Spec.Ref.Kind == "DaemonSet")
        {
            // On nodes that it had none of, its pods are new ones, and wait for nothing.
            return (Math.Min(member.Size, exposed + Math.Max(0, member.Size - was.Size)), exposed > 0, exposed, bound);
        }

        // More replicas amid a rollout: its controller spreads them over the revisions by their shares.
        var live = was.Pods.Sum(p => p.Pods);
        // What surges does not count beside the others; where those are behind another Service, it does.
        var isElsewhere = was.Pods.Any(p => p is { Pods: > 0, Labels: { } labels } && before.Service?.Selects(labels) is false);
        var size = member.Size + (isElsewhere ? ScaledFirst.SurgeOf(asked) : 0);
        var added = asked.IsInPlace || member.Size <= was.Size || live == 0 ? 0 : (int)((((long)size * ran) + live - 1) / live) - ran;
        return (Math.Max(exposed, Math.Max(added, AbsentOf(was, member))), exposed > 0, exposed, bound);
    }

    /// <summary>What a pace kept from coming comes at once.</summary>
    private static bool IsFaster(Workload was, Workload asked) => asked.Strategy.MinReadySeconds < was.Strategy.MinReadySeconds
        || RolloutBatch.Of(asked) > RolloutBatch.Of(was with { Replicas = asked.Replicas });

    /// <summary>A pace holds while old pods are there: what is missing of them comes new, all at once.</summary>
    private static int AbsentOf(Member was, Member member) => Math.Min(member.Size, was.Absent >= was.Size ? member.Size : was.Absent);
}
