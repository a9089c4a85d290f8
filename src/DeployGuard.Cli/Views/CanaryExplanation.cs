using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary><c>deployguard explain canary</c>: how many pods each step allows.</summary>
internal static class CanaryExplanation
{
    /// <param name="source">What the steps are of: <c>policy tier-1</c>.</param>
    /// <param name="namespace">For the commands; empty for that of the kubeconfig.</param>
    public static string Of(CanaryRules rules, int replicas, string source, string @namespace)
    {
        var steps = EffectiveStep.All(rules, replicas);
        var columns = Columns(rules).ToList();
        var small = steps.Count(s =>
            s.Percent < 100
            && (
                rules.Accept.Contains(RolloutMethod.Pool)
                    ? s.Soaking == 1
                    : rules.Accept.Contains(RolloutMethod.StatefulSetPartition) && s.SoakingWithin == 1
            )
        );
        string[] lines =
        [
            $"How many pods an unproven revision may run on, of the {replicas} that serve the same users ({source}):",
            "",
            Table.Of([.. columns.Select(c => c.Header)], steps.Select(s => (string[])[.. columns.Select(c => c.Cell(s))])),
            "",
            rules.Accept.Count == Enum.GetValues<RolloutMethod>().Length
                ? "Rollout methods (a policy may accept only some of them):"
                : "Accepted rollout methods:",
            .. Methods(rules, replicas, steps),
            "A pod that restarts or loses readiness starts the soak of its step again. After the last step, every rollout method is accepted.",
            .. small > 1 ? [$"With {PoolView.Pods(replicas)}, one pod completes {small} steps at once."] : (string[])[],
            "",
            .. Recipe(rules, steps, @namespace.Length == 0 ? "" : $" -n {@namespace}"),
            "",
            "More, with partitions, GitOps and what readiness does not show: docs/canary.md",
        ];
        return string.Join('\n', lines);
    }

    /// <summary>Only those of the accepted methods: a number of another one would be refused.</summary>
    private static IEnumerable<(string Header, Func<EffectiveStep, string> Cell)> Columns(CanaryRules rules)
    {
        yield return ("STEP", s => $"{s.Percent}%");
        if (rules.Accept.Contains(RolloutMethod.Pool))
        {
            yield return ("SECOND DEPLOYMENT", s => $"{s.Beside}");
            yield return ("MUST SOAK", s => Soaking(s.Soaking, rules));
        }
        else if (rules.Accept.Contains(RolloutMethod.StatefulSetPartition))
        {
            yield return ("ABOVE THE PARTITION", s => $"{s.Within}");
            yield return ("MUST SOAK", s => Soaking(s.SoakingWithin, rules));
        }

        if (rules.Accept.Contains(RolloutMethod.Pace))
        {
            yield return ("IN PLACE AT ONCE", s => $"{s.AtOnce}");
        }
    }

    private static string Soaking(int pods, CanaryRules rules) => pods == 0 ? "-" : $"{pods} for {Durations.Show(rules.Soak)}";

    private static IEnumerable<string> Methods(CanaryRules rules, int replicas, IReadOnlyList<EffectiveStep> steps)
    {
        if (rules.Accept.Contains(RolloutMethod.Pool))
        {
            yield return "  Pool                  run the revision in a second Deployment behind the same Service, and scale it up step by step";
        }

        if (rules.Accept.Contains(RolloutMethod.Pace))
        {
            var batches = (replicas + steps[0].AtOnce - 1) / steps[0].AtOnce;
            yield return "  Pace                  change the workload in place; the last column limits the pods replaced at once. Set minReadySeconds to at least";
            yield return $"                        {(int)rules.Pace.MinReady.TotalSeconds}, a longer progressDeadlineSeconds and a readinessProbe. "
                + $"Takes about {Durations.Show(batches * rules.Pace.MinReady)}";
        }

        if (rules.Accept.Contains(RolloutMethod.StatefulSetPartition))
        {
            yield return "  StatefulSetPartition  lower spec.updateStrategy.rollingUpdate.partition step by step";
        }
    }

    /// <summary>The example is for a Deployment web behind a Service that selects app: web.</summary>
    private static IEnumerable<string> Recipe(CanaryRules rules, IReadOnlyList<EffectiveStep> steps, string inNamespace)
    {
        if (!rules.Accept.Contains(RolloutMethod.Pool) || rules.Covers is not CanaryCovers.Images)
        {
            return
            [
                "A second Deployment does not help under this policy: "
                    + (
                        rules.Covers is CanaryCovers.Images
                            ? "its accept does not list Pool."
                            : "it covers the whole template, and the two differ."
                    ),
            ];
        }

        var later = steps.Select(s => s.Beside).Distinct().Skip(1).ToList();
        return
        [
            "A second Deployment, for a Deployment web whose Service selects app: web:",
            "  1. Copy web's manifest to web-canary.yaml, with the new image. Change nothing else but the name, the size and one label:",
            "       metadata: {name: web-canary}",
            "       spec:",
            $"         replicas: {steps[0].Beside}",
            "         selector: {matchLabels: {app: web, track: canary}}",
            "         template: {metadata: {labels: {app: web, track: canary}}}",
            $"     The pods need every label that the Service selects: kubectl get service web{inNamespace} -o jsonpath={{.spec.selector}}",
            $"  2. kubectl apply -f web-canary.yaml{inNamespace}",
            $"  3. kubectl deployguard status deployment/web-canary{inNamespace} --watch",
            later.Count == 0
                ? $"  4. Wait for the {(steps.Count == 1 ? "soak" : "soaks of all steps")}: this many pods suffice."
                : $"  4. After each soak: kubectl scale deployment/web-canary{inNamespace} --replicas=N, where N is that of the next step: "
                    + string.Join(", ", later),
            $"  5. After the last step, give web the image, then: kubectl scale deployment/web-canary{inNamespace} --replicas=0",
        ];
    }
}
