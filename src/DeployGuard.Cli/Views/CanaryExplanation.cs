using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary><c>deployguard explain canary</c>: how many pods each step allows.</summary>
internal static class CanaryExplanation
{
    public static string Of(CanaryRules rules, int replicas)
    {
        var steps = EffectiveStep.All(rules, replicas);
        var batches = (replicas + steps[0].AtOnce - 1) / steps[0].AtOnce;
        var table = Table.Of(
            ["STEP", "SECOND DEPLOYMENT", "MUST SOAK", "IN PLACE AT ONCE"],
            steps.Select(s =>
                (string[])
                    [$"{s.Percent}%", $"{s.Beside}", s.Soaking == 0 ? "-" : $"{s.Soaking} for {Durations.Show(rules.Soak)}", $"{s.AtOnce}"]
            )
        );
        return $"""
            How many pods an unproven revision may run on, of the {replicas} that serve the same users:

            {table}

            Rollout methods (a policy may accept only some of them):
              Pool                  run the revision in a second Deployment behind the same Service, and scale it up step by step
              Pace                  change the workload in place; the last column limits the pods replaced at once. Set minReadySeconds to at least
                                    {(int)
                rules.Pace.MinReady.TotalSeconds}, a longer progressDeadlineSeconds and a readinessProbe. Takes about {Durations.Show(
                batches * rules.Pace.MinReady
            )}
              StatefulSetPartition  lower spec.updateStrategy.rollingUpdate.partition step by step
            A pod that restarts or loses readiness starts the soak of its step again. After the last step, every rollout method is accepted.
            {(
                steps.Count(s => s.Percent < 100 && s.Soaking == 1) is > 1 and var small
                    ? $"With {replicas} pods, one pod completes {small} steps at once.\n"
                    : ""
            )}
            """;
    }
}
