using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Advice to prove a revision in another workload first. Where the policy accepts no rollout method by which one can, the platform team is
/// named instead.
/// </summary>
internal static class SecondDeploymentRemedy
{
    /// <param name="workload">The refused one.</param>
    public static Remedy Of(PoolAssessment pool, Inspection inspection, Workload workload)
    {
        var rules = pool.Rules;
        if (RunsElsewhere(pool, workload) is { } running)
        {
            return new(
                $"Wait until {running.KubectlName}, which runs it already, has completed its canary, then "
                    + $"{Edits.Retry(inspection.Evaluated.Request)}. To watch it: {BlockedRemedy.Status(running)}",
                Fix.Waiting
            );
        }

        if (rules.CanProveElsewhere(workload.Type))
        {
            return new(
                workload.Type.InPlace is null
                    ? $"First run it in a Deployment that serves the same users: {Explained(pool, inspection)}"
                    : $"First run it in a second Deployment behind the same Service: {Explained(pool, inspection)}",
                Fix.Elsewhere
            );
        }

        var policy = inspection.Policy.Name;
        return new(
            rules.Covers is CanaryCovers.Images
                    ? $"Ask the platform team to add Pool to canary.accept of policy {policy}: with "
                        + $"{string.Join(" and ", rules.Accept)} alone it cannot pass"
                : workload.Type.InPlace is not null && !rules.Accept.Contains(RolloutMethod.Pace)
                    ? $"Ask the platform team to add Pace to canary.accept of policy {policy}: it covers the whole template, "
                        + "which no other workload can prove"
                : $"Ask the platform team to set canary.covers: Images in policy {policy}: it covers the whole template, which "
                    + "no other workload can prove",
            Fix.Elsewhere
        );
    }

    /// <summary>Another workload of the pool that runs the same revision; null if none does.</summary>
    private static WorkloadRef? RunsElsewhere(PoolAssessment pool, Workload workload)
    {
        var key = RevisionKey.Of(pool.Rules.Covers, workload);
        return pool.Revisions.FirstOrDefault(r => r.Workload != workload.Ref && r.Key == key)?.Workload;
    }

    /// <summary>
    /// The command that explains a canary with the steps of this policy. They are options, because few developers may read policies.
    /// </summary>
    public static string Explained(PoolAssessment pool, Inspection inspection)
    {
        var replicas = inspection.Evaluated.Before is { Replicas: > 0 } before ? before.Replicas : Math.Max(1, pool.Total);
        return $"kubectl deployguard explain canary -n {inspection.Evaluated.Request.Target.Namespace} --replicas {replicas} "
            + $"--steps {string.Join(',', pool.Rules.Steps)} --soak {Durations.Show(pool.Rules.Soak)}";
    }
}
