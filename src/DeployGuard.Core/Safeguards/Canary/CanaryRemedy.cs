using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>The request that would pass instead. It was evaluated before it is offered.</summary>
internal static class CanaryRemedy
{
    private const string Explained = "kubectl deployguard explain canary";

    public static string Of(PoolAssessment pool, Inspection inspection)
    {
        var evaluated = inspection.Evaluated;
        if (pool.UnknownExposure is { } unknown)
        {
            return unknown.Remedy;
        }

        if (evaluated.Request is ServiceRequest)
        {
            return "First roll the revision out step by step in a Deployment that this Service already selects: " + Explained;
        }

        if (ObjectChange.Is(evaluated.Request))
        {
            return
                inspection.Cluster.Namespace?.Members.FirstOrDefault(m => m.IsRollingOut && pool.Raises.Any(r => r.Workload == m.Spec.Ref))
                    is { } rolling
                ? $"Wait until the rollout of {rolling.Spec.Ref.KubectlName} has finished, or roll it back: kubectl rollout undo "
                    + $"{rolling.Spec.Ref.KubectlName} -n {evaluated.Request.Target.Namespace}"
                : "Change the workload that owns it, or wait for the current canary: kubectl get changes -n "
                    + $"{evaluated.Request.Target.Namespace}";
        }

        if (evaluated is { ChangeType: ChangeType.Rollback, Before: { } was, After: { } back } && back.Replicas > was.Replicas)
        {
            return $"Roll back with the current number of replicas, then scale up: replicas: {was.Replicas}";
        }

        if (
            evaluated.After is { Type.RunsToCompletion: true } work
            && inspection.Highest(pods => work with { Replicas = pods }, 0, work.Replicas) == 0
        )
        {
            return "Give its pods labels that no Service selects";
        }

        if (evaluated.After is not { } after || !after.Type.IsSized)
        {
            return $"First run it in a Deployment that serves the same users: {Explained}";
        }

        var wait = pool.Held.Left is { } left
            ? $"; or wait {Durations.Show(left)} for step {pool.Rules.ShareAfter(pool.Held.Steps + 1)}%"
            : "";
        return (
                after.IsPartitioned && evaluated.Before is not null
                    ? StatefulSetRemedy.Lower(inspection, after)
                    : FewerReplicas(inspection, after)
            )
                is { } offer
                ? offer + wait
            : pool.Held.Left is { } rest ? $"Wait {Durations.Show(rest)}, then retry; to watch it: {Status(after)}"
            : pool.Held.Wait.Length > 0 && evaluated.Before is not null && pool.Revisions.All(r => r.Workload == after.Ref)
                ? $"See what it waits for: {Status(after)}"
            : Later(evaluated, after);
    }

    /// <summary>How to make a rollout in place conform, as a command that the API server accepts.</summary>
    public static string InPlace(PoolAssessment pool, Inspection inspection, Workload after) =>
        pool.InPlace is not { Faults.Count: > 0 } bound ? Later(inspection.Evaluated, after)
        : after.Type.InPlace is null ? $"First run it in a Deployment that serves the same users: {Explained}"
        : after.Type.HasPartition && pool.Rules.Accept.Contains(RolloutMethod.StatefulSetPartition)
            ? StatefulSetRemedy.HoldBack(inspection, after) ?? Later(inspection.Evaluated, after)
        : !pool.Rules.Accept.Contains(RolloutMethod.Pace) ? $"First run it in a second Deployment behind the same Service: {Explained}"
        : PacePatch.Of(bound, inspection, after) ?? Later(inspection.Evaluated, after);

    private static string? FewerReplicas(Inspection inspection, Workload after)
    {
        var evaluated = inspection.Evaluated;
        var from = evaluated.Before is { } before && before.Replicas < after.Replicas ? before.Replicas : 0;
        var most = inspection.Highest(pods => after with { Replicas = pods }, from, after.Replicas);
        var scale = $"kubectl scale {after.Ref.KubectlName} -n {after.Ref.Namespace} --replicas={most}";
        return most == from ? null
            : evaluated.Before is null ? $"Create it with replicas: {most}"
            : evaluated.Before.Replicas < after.Replicas ? $"Now: {scale}"
            // Its labels join the Service with all of its pods at once.
            : $"Scale to {most}, then retry: {scale}";
    }

    private static string Later(EvaluatedRequest evaluated, Workload after) =>
        "Wait until the current canary is complete, then retry; "
        + (evaluated.Before is null ? $"how a canary works: {Explained}" : $"to watch it: {Status(after)}");

    private static string Status(Workload workload) => $"kubectl deployguard status {workload.Ref.KubectlName} -n {workload.Ref.Namespace}";
}
