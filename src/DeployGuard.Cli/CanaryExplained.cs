using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli;

/// <summary><c>deployguard explain canary</c>: what the steps come to in pods.</summary>
internal static class CanaryExplained
{
    public static string Of(CanaryRules rules, int replicas)
    {
        var steps = EffectiveStep.All(rules, replicas);
        var batches = (replicas + steps[0].AtOnce - 1) / steps[0].AtOnce;
        var table = Table.Of(
            ["STEP", "SECOND DEPLOYMENT", "MUST SOAK", "IN PLACE AT ONCE"],
            steps.Select(s => (string[])[$"{s.Percent}%", $"{s.Beside}", s.Soaking == 0 ? "-" : $"{s.Soaking} for {Durations.Show(rules.Soak)}", $"{s.AtOnce}"]));
        return $"""
            A revision that has not proven itself may reach so many of the pods that serve the same users, here {replicas}:

            {table}

            Ways to get there, of which a policy may accept some:
              Pool                  run it in a second Deployment behind the same Service, and scale that up step by step
              Pace                  change the workload in place, no more at once than the last column says, with minReadySeconds {(int)rules.Pace.MinReady.TotalSeconds} or
                                    more, progressDeadlineSeconds above that, and a readinessProbe; takes about {Durations.Show(batches * rules.Pace.MinReady)}
              StatefulSetPartition  lower spec.updateStrategy.rollingUpdate.partition step by step
            A restart, or lost readiness, starts a step's soak again. Once every step is held, any strategy will.
            {(steps.Count(s => s.Percent < 100 && s.Soaking == 1) is > 1 and var small ? $"With {replicas} pods one pod holds {small} steps at once.\n" : "")}
            """;
    }
}
