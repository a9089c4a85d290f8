using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>The request that would pass instead: what is offered was judged before.</summary>
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
            return "Bring the revision out behind this Service step by step first, in a Deployment that it selects already: " + Explained;
        }

        if (ObjectChange.Is(evaluated.Request))
        {
            return inspection.Cluster.Namespace?.Members.FirstOrDefault(m => m.IsRollingOut && pool.Raises.Any(r => r.Workload == m.Spec.Ref)) is { } rolling
                ? $"Let the rollout of {rolling.Spec.Ref.KubectlName} go on by itself, or take it back: kubectl rollout undo {rolling.Spec.Ref.KubectlName} -n {evaluated.Request.Target.Namespace}"
                : $"Change the workload that it belongs to, or wait for the canary that is there: kubectl get changes -n {evaluated.Request.Target.Namespace}";
        }

        if (evaluated is { ChangeType: ChangeType.Rollback, Before: { } was, After: { } back } && back.Replicas > was.Replicas)
        {
            return $"Go back with the replicas that there are now, and scale up after that: replicas: {was.Replicas}";
        }

        if (evaluated.After is { Type.RunsToCompletion: true } work && inspection.Highest(pods => work with { Replicas = pods }, 0, work.Replicas) == 0)
        {
            return "Give its pods labels that no Service selects";
        }

        if (evaluated.After is not { } after || !after.Type.IsSized)
        {
            return $"Run it in a Deployment behind the same users first: {Explained}";
        }

        var wait = pool.Held.Left is { } left ? $"; or wait {Durations.Show(left)} for step {pool.Rules.ShareAfter(pool.Held.Steps + 1)}%" : "";
        return (after.IsPartitioned && evaluated.Before is not null
                ? StatefulSetRemedy.Lower(inspection, after)
                : FewerReplicas(inspection, after)) is { } offer
            ? offer + wait
            : pool.Held.Left is { } rest ? $"Wait {Durations.Show(rest)} and ask again: kubectl deployguard status {after.Ref.KubectlName} -n {after.Ref.Namespace}"
            : pool.Held.Wait.Length > 0 && evaluated.Before is not null && pool.Revisions.All(r => r.Workload == after.Ref)
                ? $"See what it waits for: kubectl deployguard status {after.Ref.KubectlName} -n {after.Ref.Namespace}"
            : Later(evaluated, after);
    }

    /// <summary>How a rollout in place conforms, as the API server accepts it.</summary>
    public static string InPlace(PoolAssessment pool, Inspection inspection, Workload after) =>
        pool.InPlace is not { Faults.Count: > 0 } bound ? Later(inspection.Evaluated, after)
        : after.Type.InPlace is null ? $"Run it in a Deployment behind the same users first: {Explained}"
        : after.Type.HasPartition && pool.Rules.Accept.Contains(RolloutMethod.StatefulSetPartition) ? StatefulSetRemedy.HoldBack(inspection, after) ?? Later(inspection.Evaluated, after)
        : !pool.Rules.Accept.Contains(RolloutMethod.Pace) ? $"Run it in a second Deployment behind the same Service first: {Explained}"
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
            // It comes with all of its pods, by a label.
            : $"Scale it down first, and ask again with as many: {scale}";
    }

    private static string Later(EvaluatedRequest evaluated, Workload after) =>
        $"Let what is unproven there prove itself first, or take it back: {(evaluated.Before is null ? Explained : $"kubectl deployguard status {after.Ref.KubectlName} -n {after.Ref.Namespace}")}";
}
