using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>The request that would pass instead. It was evaluated before it is offered.</summary>
internal static class CanaryRemedy
{
    public static Remedy Of(PoolAssessment pool, Inspection inspection)
    {
        var evaluated = inspection.Evaluated;
        if (pool.UnknownExposure is { } unknown)
        {
            return new(unknown.Remedy, Fix.Workload);
        }

        if (evaluated.Request is ServiceRequest)
        {
            return new(
                "First roll the revision out step by step in a Deployment that this Service already selects: "
                    + SecondDeploymentRemedy.Explained(pool, inspection),
                Fix.Elsewhere
            );
        }

        if (ObjectChange.Is(evaluated.Request))
        {
            return OfObject(pool, inspection);
        }

        if (evaluated is { ChangeType: ChangeType.Rollback, Before: { } was, After: { } back } && back.Replicas > was.Replicas)
        {
            return new($"Roll back with the current number of replicas, then scale up: replicas: {was.Replicas}", Fix.Workload);
        }

        if (
            evaluated.After is { Type.RunsToCompletion: true } work
            && inspection.Highest(pods => work with { Replicas = pods }, 0, work.Replicas) == 0
        )
        {
            return new("Give its pods labels that no Service selects", Fix.Template);
        }

        return evaluated.After is { Type.IsSized: true } after ? OfSized(pool, inspection, after)
            : evaluated.After is { } run ? SecondDeploymentRemedy.Of(pool, inspection, run)
            : throw new InvalidOperationException("a change without a workload is one of a Service or another object");
    }

    /// <summary>How to make a rollout in place conform, as a command that the API server accepts.</summary>
    public static Remedy InPlace(PoolAssessment pool, Inspection inspection, Workload after) =>
        pool.InPlace is not { } bound || (bound.Faults.Count == 0 && pool.Rules.Accept.Contains(RolloutMethod.Pace))
            ? BlockedRemedy.Of(pool, inspection, after)
        : after.Type.InPlace is null ? SecondDeploymentRemedy.Of(pool, inspection, after)
        : after.Type.HasPartition && pool.Rules.Accept.Contains(RolloutMethod.StatefulSetPartition)
            ? StatefulSetRemedy.HoldBack(inspection, after) is { } partition ? new(partition, Fix.Workload)
                : BlockedRemedy.Of(pool, inspection, after)
        : !pool.Rules.Accept.Contains(RolloutMethod.Pace) ? SecondDeploymentRemedy.Of(pool, inspection, after)
        : PacePatch.Of(bound, inspection, after) ?? BlockedRemedy.Of(PacePatch.Slowest(pool, inspection, after), inspection, after);

    private static Remedy OfObject(PoolAssessment pool, Inspection inspection)
    {
        var space = inspection.Evaluated.Request.Target.Namespace;
        return
            inspection.Cluster.Namespace?.Members.FirstOrDefault(m => m.IsRollingOut && pool.Raises.Any(r => r.Workload == m.Spec.Ref))
                is { } rolling
            ? new(
                $"Wait until the rollout of {rolling.Spec.Ref.KubectlName} has finished: kubectl rollout status "
                    + $"{rolling.Spec.Ref.KubectlName} -n {space}"
                    + (
                        RollbackTarget.Offer(rolling.Spec.Ref, rolling.Spec.Template.Hash, pool, inspection) is { } back
                            ? $"; or {back}"
                            : ""
                    ),
                Fix.Waiting
            )
            : new($"Change the workload that owns it, or wait for the current canary: kubectl get changes -n {space}", Fix.Waiting);
    }

    private static Remedy OfSized(PoolAssessment pool, Inspection inspection, Workload after)
    {
        var watch = $"To watch it: {BlockedRemedy.Status(after.Ref)}";
        var now = CanaryOffer.Of(inspection, after);
        var later = pool.Held.Left is { } left ? CanaryOffer.Of(inspection.After(left), after) : null;
        var wait = pool.Held.Left is { } rest ? $"ait {Durations.ShowWait(rest, inspection.Now)}, then " : "";
        var then = later is { IsAsked: true } ? Edits.Retry(inspection.Evaluated.Request) : later?.Edit;
        return now is not null ? new(now.Sentence + (later is null || later.Pods <= now.Pods ? "" : $"; or w{wait}{then}"), Fix.Workload)
            : later is not null ? new($"W{wait}{then}. {watch}", Fix.Waiting)
            : BlockedRemedy.Of(pool, inspection, after);
    }
}
