using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>A rollout in place, compared with the pace that a policy requires.</summary>
/// <param name="Batch">Pods that the rollout may change at once.</param>
/// <param name="MaxAtOnce">Pods that it may change at once under the policy.</param>
/// <param name="Faults">Every deviation, as text for a message; empty if the rollout conforms.</param>
/// <param name="Unprobed">Serving containers without a readiness probe.</param>
internal sealed record PaceBound(int Batch, int MaxAtOnce, IReadOnlyList<string> Faults, IReadOnlyList<string> Unprobed)
{
    /// <param name="steps">How many steps the revision has held. A share allowed to a second Deployment is allowed at once here.</param>
    public static PaceBound Of(Member member, CanaryRules rules, int steps)
    {
        var workload = member.Spec;
        var percent = Math.Max(rules.Pace.Percent, rules.ShareAfter(steps));
        // A share of the serving pods. If at least half of the desired pods serve, or none does, a share of the desired ones.
        var size = member.Present > 0 && member.Present * 2 < member.Size ? member.Present : member.Size;
        var most = Math.Max(1, (int)((long)size * percent / 100));
        var batch = RolloutBatch.Of(workload);
        var unprobed = WithoutProbe(workload);
        var isSmall = size == member.Size && IsSmallShare(workload, percent);
        return new PaceBound(batch, most, [.. FindFaults(workload, rules, isSmall ? most : batch, most, unprobed)], unprobed);
    }

    private static IEnumerable<string> FindFaults(Workload workload, CanaryRules rules, int batch, int most, IReadOnlyList<string> unprobed)
    {
        var strategy = workload.Strategy;
        if (batch > most)
        {
            yield return strategy.IsRolling ? Replacing(workload, batch) : $"{strategy.Type} replaces all {workload.Replicas}";
        }

        if (strategy.MinReadySeconds < rules.Pace.MinReady.TotalSeconds)
        {
            yield return $"minReadySeconds {strategy.MinReadySeconds} is below {(long)rules.Pace.MinReady.TotalSeconds}";
        }

        if (workload.Type.InPlace is { HasProgressDeadline: true } && strategy.ProgressDeadlineSeconds <= strategy.MinReadySeconds)
        {
            yield return $"progressDeadlineSeconds {strategy.ProgressDeadlineSeconds} does not exceed minReadySeconds "
                + $"{strategy.MinReadySeconds}";
        }

        foreach (var container in unprobed)
        {
            yield return $"container {container} has no readinessProbe";
        }
    }

    /// <summary>The settings that replace so many pods at once. A DaemonSet has one of the two, a StatefulSet never surges.</summary>
    private static string Replacing(Workload workload, int batch)
    {
        var (surge, unavailable) = (RolloutBatch.Surge(workload), RolloutBatch.Unavailable(workload));
        return workload.Type.InPlace is { Surging: Surging.Besides } ? $"maxSurge {surge} and maxUnavailable {unavailable} replace {batch}"
            : RolloutBatch.SurgesOnly(workload) ? $"maxSurge {surge} replaces {batch}"
            : $"maxUnavailable {unavailable} replaces {batch}";
    }

    /// <summary>Rounding a small percentage up must not refuse it: 5% of 30 is two pods at once, and is still 5%.</summary>
    private static bool IsSmallShare(Workload workload, int percent)
    {
        var (surge, unavailable) = (RolloutBatch.Surge(workload), RolloutBatch.Unavailable(workload));
        return workload.Strategy.IsRolling && IsShare(surge) && IsShare(unavailable) && surge.Value + unavailable.Value <= percent;

        static bool IsShare(IntOrPercent value) => value.IsPercent || value.Value == 0;
    }

    /// <summary>A container serves if it declares a port; if none does, all of them count as serving.</summary>
    private static IReadOnlyList<string> WithoutProbe(Workload workload)
    {
        var main = workload.Template.Containers.Where(c => !c.IsSidecar).ToList();
        var declared = main.FindAll(c => c.DeclaresPorts);
        return [.. (declared.Count > 0 ? declared : main).Where(c => !c.HasReadinessProbe).Select(c => c.Name)];
    }
}
