using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>The exposure of the requested workload in one pool, after the request.</summary>
/// <param name="Key">Of the requested revision.</param>
/// <param name="Pods">Unproven pods of the workload after the request.</param>
/// <param name="OwnBatch">Pods of a conforming batch; 0 if it does not conform.</param>
internal sealed record RequestedExposure(
    string Key,
    IReadOnlyList<UnprovenPods> Pods,
    bool IsRaised,
    bool IsInPlace,
    int OwnBatch,
    PaceBound? Bound
);

/// <summary>Calculates how many pods of its revision a request brings at once.</summary>
internal sealed class RequestedExposureEvaluator(CanaryRules rules, ProvenRevisions proven, UnprovenCount unproven, PoolProgress held)
{
    /// <summary>The exposure of the requested workload after the request.</summary>
    /// <param name="scaled">The workload as its controller scales it before the rollout begins.</param>
    public RequestedExposure Of(RequestedWorkload asked, Member? scaled, Pool before, int totalBefore, ProvenInPool here)
    {
        var (was, member) = (asked.Before, asked.After);
        var images = member.Spec.Template.ImageNames;
        var key = RevisionKey.Of(rules.Covers, member.Spec);
        var remaining = was is null || scaled is null ? [] : unproven.BesideAsked(scaled, key, here).ToList();
        if (!proven.IsRequestedUnproven(member.Spec, asked.Origin, here))
        {
            // Other unproven revisions are being replaced.
            return new RequestedExposure(key, asked.IsInPlace ? [] : UnprovenPods.Cap(remaining, member.Size), false, false, 0, null);
        }

        var (pods, isRaised, batch, bound) = Reaches(asked, before, totalBefore, key);
        var own = new UnprovenPods(key, member.Spec.Ref, member.Spec.Template.Hash, images, pods);
        return new RequestedExposure(
            key,
            [.. pods > 0 ? [own] : (UnprovenPods[])[], .. UnprovenPods.Cap(remaining, member.Size - pods)],
            isRaised,
            asked.IsInPlace && was?.Size > 0,
            batch,
            bound
        );
    }

    /// <summary>Pods of its revision that the request brings at once, and the size of a conforming batch.</summary>
    private (int Pods, bool IsRaised, int Batch, PaceBound? Bound) Reaches(
        RequestedWorkload asked,
        Pool before,
        int totalBefore,
        string key
    )
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
        if (member.Spec.IsPartitioned)
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

        if (member.Spec.Type.HasOrdinals)
        {
            // Every new ordinal gets the newest revision, besides the pods that the rollout replaces.
            return (
                Math.Min(member.Size, Math.Max(exposed, ShortfallOf(was, member)) + Math.Max(0, member.Size - was.Size) + moved),
                exposed > 0,
                exposed,
                bound
            );
        }

        if (member.Spec.Type.RunsOnEveryNode)
        {
            // Pods on added nodes are new, so no pace holds them back.
            return (Math.Min(member.Size, exposed + Math.Max(0, member.Size - was.Size)), exposed > 0, exposed, bound);
        }

        // More replicas amid a rollout: its controller spreads them over the revisions by their shares.
        var live = was.Pods.Sum(p => p.Pods);
        // Surge pods do not count, unless the other pods are behind another Service.
        var isElsewhere = was.Pods.Any(p => p is { Pods: > 0, Labels: { } labels } && before.Service?.Selects(labels) is false);
        var size = member.Size + (isElsewhere ? ScaledBeforeRollout.SurgeOf(asked) : 0);
        var added = asked.IsInPlace || member.Size <= was.Size || live == 0 ? 0 : (int)((((long)size * ran) + live - 1) / live) - ran;
        return (Math.Max(exposed, Math.Max(added, ShortfallOf(was, member))), exposed > 0, exposed, bound);
    }

    /// <summary>A faster strategy brings the pods at once that the former pace held back.</summary>
    private static bool IsFaster(Workload was, Workload asked) =>
        asked.Strategy.MinReadySeconds < was.Strategy.MinReadySeconds
        || RolloutBatch.Of(asked) > RolloutBatch.Of(was with { Replicas = asked.Replicas });

    /// <summary>A pace only holds back replacements: missing pods are created from the new revision, all at once.</summary>
    private static int ShortfallOf(Member was, Member member) =>
        Math.Min(member.Size, was.Shortfall >= was.Size ? member.Size : was.Shortfall);
}
