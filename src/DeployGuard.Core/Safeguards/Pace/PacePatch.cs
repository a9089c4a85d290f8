using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>One patch that makes a rollout in place conform, as the API server accepts it.</summary>
internal static class PacePatch
{
    /// <summary>Null if no pace conforms, because other unproven pods use the whole step.</summary>
    public static Remedy? Of(PaceBound bound, Inspection inspection, Workload after)
    {
        var rules = inspection.Policy.Canary ?? throw new InvalidOperationException($"policy {inspection.Policy.Name} has no canary");
        var probed = Probes(bound, inspection.Evaluated.Before);
        if (bound.Unprobed.Count > 0 && inspection.Passes(after with { Template = after.Template.WithReadinessProbes() }))
        {
            return new($"{probed}, then {Edits.Retry(inspection.Evaluated.Request)}", Fix.Template);
        }

        // The search ends below its upper end, which does not conform.
        var batch = inspection.Highest(pods => Conforming(after, pods, rules), 0, bound.MaxAtOnce + 1);
        if (batch == 0)
        {
            return null;
        }

        var conforming = Conforming(after, batch, rules);
        var probes = bound.Unprobed.Count == 0 ? "" : $"{probed}. ";
        return new(
            $"{probes}{Edits.Patch(inspection.Evaluated, after.Ref, Spec(conforming, batch))}{Lasts(Takes(conforming, batch))}",
            bound.Unprobed.Count == 0 ? Fix.Workload : Fix.Template
        );
    }

    /// <summary>The pool at the slowest pace: its other unproven pods are what leaves no room.</summary>
    public static PoolAssessment Slowest(PoolAssessment pool, Inspection inspection, Workload after) =>
        inspection.Policy.Canary is { } rules
        && inspection.Assess(Conforming(after, 1, rules)).FirstOrDefault(p => p.IsRefused && p.Pool.Name == pool.Pool.Name) is { } slow
            ? slow
            : pool;

    /// <summary>How long Helm should wait after the expected end of the rollout: its default timeout.</summary>
    public static TimeSpan Slack { get; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a conforming rollout takes.</summary>
    public static TimeSpan Takes(Workload workload, int batch) =>
        (long)((workload.Replicas + batch - 1) / batch) * TimeSpan.FromSeconds(workload.Strategy.MinReadySeconds);

    /// <summary>The live object may have the probes, and the request takes them away.</summary>
    private static string Probes(PaceBound bound, Workload? before)
    {
        var names = string.Join(" and ", bound.Unprobed);
        var had = (before?.Template.Containers ?? []).Where(c => c.HasReadinessProbe).Select(c => c.Name);
        return bound.Unprobed.Except(had).Any()
            ? $"Add a readinessProbe to {names}"
            : $"Keep the readinessProbe of {names}, which this request removes";
    }

    private static string Lasts(TimeSpan takes) =>
        takes == TimeSpan.Zero
            ? ""
            : $" (the rollout then takes about {Durations.Show(takes)}; Helm needs --timeout {Durations.Show(takes + Slack)})";

    /// <summary>The workload after the patch, with the probes that its author still has to add.</summary>
    private static Workload Conforming(Workload after, int batch, CanaryRules rules)
    {
        var ready = Math.Max((int)Math.Ceiling(rules.Pace.MinReady.TotalSeconds), after.Strategy.MinReadySeconds);
        // A rollout that surges keeps all old pods until new ones are ready: the patch keeps that.
        var (surge, unavailable) = Surges(after) ? (batch, 0) : (0, batch);
        return after with
        {
            Template = after.Template.WithReadinessProbes(),
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

    private static bool Surges(Workload after) =>
        InPlace(after).Surging switch
        {
            Surging.Never => false,
            Surging.Instead => RolloutBatch.SurgesOnly(after),
            Surging.Besides => true,
            var other => throw new InvalidOperationException($"no patch is known for {other}"),
        };

    private static string Spec(Workload patched, int batch) => InPlace(patched).PacePatch(patched, batch);

    private static InPlaceRollout InPlace(Workload workload) =>
        workload.Type.InPlace ?? throw new InvalidOperationException($"{workload.Ref} replaces no pods in place");
}
