using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>One patch that makes a rollout in place conform, as the API server accepts it.</summary>
internal static class PacePatch
{
    /// <summary>Null where no pace will do: what others have unproven there leaves no room.</summary>
    public static string? Of(PaceBound bound, Inspection inspection, Workload after)
    {
        var rules = inspection.Policy.Canary ?? throw new InvalidOperationException($"policy {inspection.Policy.Name} has no canary");
        // The search ends below its upper end, which does not conform.
        var batch = inspection.Highest(pods => Conforming(after, pods, rules), 0, bound.MaxAtOnce + 1);
        if (batch == 0)
        {
            return null;
        }

        var probes = bound.Unprobed.Count == 0 ? "" : $"Give {string.Join(", ", bound.Unprobed)} a readinessProbe. ";
        return $"{probes}Write this into your manifest, or run it and ask again: "
            + $"kubectl patch {after.Ref.KubectlName} -n {after.Ref.Namespace} --type=merge -p '{{\"spec\":{Spec(Conforming(after, batch, rules), batch)}}}'{Lasts(Takes(Conforming(after, batch, rules), batch))}";
    }

    /// <summary>What Helm should wait besides what the rollout takes: as long as it waits unless it is told.</summary>
    public static TimeSpan Slack { get; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a conforming rollout takes.</summary>
    public static TimeSpan Takes(Workload workload, int batch) => (long)((workload.Replicas + batch - 1) / batch) * TimeSpan.FromSeconds(workload.Strategy.MinReadySeconds);

    private static string Lasts(TimeSpan takes) =>
        takes == TimeSpan.Zero ? "" : $" (the rollout then takes about {Durations.Show(takes)}; Helm needs --timeout {Durations.Show(takes + Slack)})";

    /// <summary>The workload as the patch leaves it, with the probes that its author has yet to write.</summary>
    private static Workload Conforming(Workload after, int batch, CanaryRules rules)
    {
        var ready = Math.Max((int)Math.Ceiling(rules.Pace.MinReady.TotalSeconds), after.Strategy.MinReadySeconds);
        // Who surges loses no pod to the rollout: that stays so, at another pace.
        var (surge, unavailable) = Surges(after) ? (batch, 0) : (0, batch);
        return after with
        {
            Template = after.Template.Probed(),
            Strategy = after.Strategy with
            {
                Type = "RollingUpdate",
                MaxSurge = new IntOrPercent(surge, IsPercent: false),
                MaxUnavailable = new IntOrPercent(unavailable, IsPercent: false),
                MinReadySeconds = ready,
                ProgressDeadlineSeconds = Math.Max(after.Strategy.ProgressDeadlineSeconds, ready + 600),
            },
        };
    }

    private static bool Surges(Workload after) => after.Ref.Kind switch
    {
        "Deployment" => true,
        "DaemonSet" => RolloutBatch.SurgesOnly(after),
        _ => false,
    };

    private static string Spec(Workload patched, int batch)
    {
        var ready = $"\"minReadySeconds\":{patched.Strategy.MinReadySeconds}";
        return patched.Ref.Kind switch
        {
            "Deployment" => $"{{{ready},\"progressDeadlineSeconds\":{patched.Strategy.ProgressDeadlineSeconds}"
                + $",\"strategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"maxSurge\":{batch},\"maxUnavailable\":0}}}}}}",
            // The API server takes one of the two, not both.
            "DaemonSet" when Surges(patched) => $"{{{ready},\"updateStrategy\":{{\"type\":\"RollingUpdate\""
                + $",\"rollingUpdate\":{{\"maxSurge\":{batch},\"maxUnavailable\":0}}}}}}",
            "DaemonSet" => $"{{{ready},\"updateStrategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"maxUnavailable\":{batch},\"maxSurge\":null}}}}}}",
            "StatefulSet" => $"{{{ready},\"updateStrategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"maxUnavailable\":{batch}}}}}}}",
            _ => $"{{{ready}}}",
        };
    }
}
