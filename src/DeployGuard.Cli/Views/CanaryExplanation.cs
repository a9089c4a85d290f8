using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary><c>deployguard explain canary</c>: how many pods each step allows.</summary>
internal static class CanaryExplanation
{
    /// <param name="source">What the steps are of: <c>policy tier-1</c>.</param>
    public static string Of(CanaryRules rules, int replicas, string source)
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
            How many pods an unproven revision may run on, of the {replicas} that serve the same users ({source}):

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
            {Recipe(rules, steps)}
            More, with partitions, GitOps and what readiness does not show: docs/canary.md
            """;
    }

    /// <summary>The example is for a Deployment web behind a Service that selects app: web.</summary>
    private static string Recipe(CanaryRules rules, IReadOnlyList<EffectiveStep> steps)
    {
        if (!rules.Accept.Contains(RolloutMethod.Pool) || rules.Covers is not CanaryCovers.Images)
        {
            return "A second Deployment does not help under this policy: "
                + (
                    rules.Covers is CanaryCovers.Images
                        ? "its accept does not list Pool.\n"
                        : "it covers the whole template, and the two differ.\n"
                );
        }

        string[] lines =
        [
            "A second Deployment, for a Deployment web whose Service selects app: web:",
            "  1. Copy web's manifest to web-canary.yaml, with the new image. Change nothing else but the name, the size and one label:",
            "       metadata: {name: web-canary}",
            "       spec:",
            $"         replicas: {steps[0].Beside}",
            "         selector: {matchLabels: {app: web, track: canary}}",
            "         template: {metadata: {labels: {app: web, track: canary}}}",
            "     The pods need every label that the Service selects: kubectl get service web -o jsonpath={.spec.selector}",
            "  2. kubectl apply -f web-canary.yaml",
            "  3. kubectl deployguard status deployment/web-canary --watch",
            "  4. After each soak: kubectl scale deployment/web-canary --replicas=N, where N is that of the next step: "
                + string.Join(", ", steps.Skip(1).Select(s => s.Beside)),
            "  5. After the last step, give web the image, then: kubectl scale deployment/web-canary --replicas=0",
            "",
        ];
        return string.Join('\n', lines);
    }
}
