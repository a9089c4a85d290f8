using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Exposure;

/// <summary>A canary step in pods, for a workload of a given size.</summary>
/// <param name="Percent">The step; 100 after the last one.</param>
/// <param name="Beside">Pods that a second Deployment behind the same Service may have.</param>
/// <param name="Soaking">Pods that must run for the soak to hold the step; 0 after the last one.</param>
/// <param name="AtOnce">Pods that a rollout in place may replace at once.</param>
/// <param name="Within">Pods of the workload itself that may run the revision, as those of a StatefulSet above its partition.</param>
/// <param name="SoakingWithin">Those of them that must run for the soak to hold the step; 0 after the last one.</param>
public sealed record EffectiveStep(int Percent, int Beside, int Soaking, int AtOnce, int Within, int SoakingWithin)
{
    /// <param name="replicas">Pods of the workload that runs now.</param>
    public static IReadOnlyList<EffectiveStep> All(CanaryRules rules, int replicas) =>
        [
            .. Enumerable
                .Range(0, rules.Steps.Count + 1)
                .Select(held =>
                {
                    var percent = rules.ShareAfter(held);
                    var beside = MaxBeside(percent, replicas);
                    return new EffectiveStep(
                        percent,
                        beside,
                        percent == 100 ? 0 : StepProgress.Needed(replicas + beside, percent),
                        Math.Max(1, (int)((long)replicas * Math.Max(rules.Pace.Percent, percent) / 100)),
                        Math.Max(1, (int)((long)replicas * percent / 100)),
                        percent == 100 ? 0 : StepProgress.Needed(replicas, percent)
                    );
                }),
        ];

    /// <summary>Each added pod enlarges the pool, so the limit is found by counting up.</summary>
    private static int MaxBeside(int percent, int replicas)
    {
        if (percent == 100)
        {
            return replicas;
        }

        var pods = 1;
        while (pods + 1 <= (long)(replicas + pods + 1) * percent / 100)
        {
            pods++;
        }

        return pods;
    }
}
