using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Pools;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>The request that would pass instead.</summary>
internal static class CanaryRemedy
{
    private const string Explained = "kubectl deployguard explain canary";

    public static string Of(Judged pool, Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        if (change.Request is ServiceRequest)
        {
            return "Bring the revision out behind this Service step by step first, in a Deployment that it selects already: " + Explained;
        }

        if (change.After is not { } after || after.Ref.Kind is "Pod" or "DaemonSet")
        {
            return $"Run it in a Deployment behind the same users first: {Explained}";
        }

        var from = change.Before is null ? 0 : change.Before.Replicas;
        var most = Exposure.MostReplicas(change, after, from, policy, view, now);
        var wait = pool.Held.Left is { } left ? $"; or wait {Durations.Show(left)} for step {Next(pool)}%" : "";
        return most > from
            ? change.Before is null
                ? $"Create it with replicas: {most}{wait}"
                : $"Now: kubectl scale {after.Ref.KubectlName} -n {after.Ref.Namespace} --replicas={most}{wait}"
            : pool.Held.Left is { } rest ? $"Wait {Durations.Show(rest)} and ask again: kubectl deployguard status {after.Ref.KubectlName} -n {after.Ref.Namespace}"
            : after is { Ref.Kind: "StatefulSet", Strategy.Partition: > 0 } ? Partition(after, pool)
            : change.Before is not null ? $"See what it waits for: kubectl deployguard status {after.Ref.KubectlName} -n {after.Ref.Namespace}"
            : $"Let what is unproven there prove itself first, or take it back: {Explained}";
    }

    /// <summary>One patch that makes a rollout in place conform, as the API server accepts it.</summary>
    public static string Patch(Judged pool, Workload after, CanaryRules rules)
    {
        if (pool.InPlace is not { } bound)
        {
            throw new InvalidOperationException("the change is not in place");
        }

        var probes = bound.Unprobed.Count == 0 ? "" : $"Give {string.Join(", ", bound.Unprobed)} a readinessProbe. ";
        if (!rules.Accept.Contains(Proof.Pace))
        {
            return $"Run it in a second Deployment behind the same Service first: {Explained}";
        }

        var minReady = (int)rules.Pace.MinReady.TotalSeconds;
        var batches = (after.Replicas + bound.MostAtOnce - 1) / bound.MostAtOnce;
        var takes = batches * rules.Pace.MinReady;
        var lasts = takes == TimeSpan.Zero ? "" : $" (the rollout then takes about {Durations.Show(takes)}; Helm needs --timeout {Durations.Show(takes + TimeSpan.FromMinutes(5))})";
        return $"{probes}Write this into your manifest, or run it and ask again: "
            + $"kubectl patch {after.Ref.KubectlName} -n {after.Ref.Namespace} --type=merge -p '{{\"spec\":{Spec(after, bound, minReady)}}}'{lasts}";
    }

    private static string Spec(Workload after, PaceBound bound, int minReady)
    {
        var ready = $"\"minReadySeconds\":{Math.Max(minReady, after.Strategy.MinReadySeconds)}";
        return after.Ref.Kind switch
        {
            "Deployment" => $"{{{ready},\"progressDeadlineSeconds\":{Math.Max(after.Strategy.ProgressDeadlineSeconds, minReady + 600)}"
                + $",\"strategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"maxSurge\":{bound.MostAtOnce},\"maxUnavailable\":0}}}}}}",
            "DaemonSet" => $"{{{ready},\"updateStrategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"maxUnavailable\":{bound.MostAtOnce}}}}}}}",
            "StatefulSet" => $"{{{ready},\"updateStrategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"partition\":{Math.Max(0, after.Replicas - bound.MostAtOnce)}}}}}}}",
            _ => $"{{{ready}}}",
        };
    }

    private static string Partition(Workload after, Judged pool) =>
        $"Now: kubectl patch {after.Ref.KubectlName} -n {after.Ref.Namespace} --type=merge -p "
        + $"'{{\"spec\":{{\"updateStrategy\":{{\"rollingUpdate\":{{\"partition\":{Math.Max(0, after.Replicas - pool.Cap)}}}}}}}}}'";

    private static int Next(Judged pool) => pool.Rules.ShareAfter(pool.Held.Steps + 1);
}
