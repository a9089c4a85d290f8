using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>What to wait for, or to stop, if no smaller request passes because other unproven pods use the whole step.</summary>
internal static class BlockedRemedy
{
    public static Remedy Of(PoolAssessment pool, Inspection inspection, Workload after)
    {
        var others = pool.Revisions.Where(r => r.TemplateHash != after.Template.Hash || r.Workload != after.Ref).ToList();
        var beside = others.Select(r => r.Workload).Where(w => w != after.Ref).Distinct().ToList();
        return beside.Count > 0 ? ByOthers(beside, inspection)
            : inspection.Evaluated.ChangeType is ChangeType.Rollback && OfRollback(pool, inspection, after) is { } back ? back
            : others.Find(r => r.TemplateHash == inspection.Evaluated.Before?.Template.Hash) is { } former
                ? UnprovenNowRemedy.Of(former, pool, inspection)
            : others.Count > 0
                ? new(
                    $"Wait until its rollout has finished: kubectl rollout status {after.Ref.KubectlName} -n {after.Ref.Namespace}; then "
                        + Again(inspection, []),
                    Fix.Waiting
                )
            : inspection.Evaluated.Before is null || pool.InPlace is not null ? SecondDeploymentRemedy.Of(pool, inspection, after)
            : new($"See what the next step waits for: {Status(after.Ref)}", Fix.Waiting);
    }

    public static string Status(WorkloadRef workload) => $"kubectl deployguard status {workload.KubectlName} -n {workload.Namespace}";

    private static Remedy ByOthers(List<WorkloadRef> others, Inspection inspection)
    {
        var names = string.Join(" and ", others.Select(o => o.KubectlName));
        var then = $"; then {Again(inspection, others)}. To watch it: {Status(others[0])}";
        if (others.Count > 1)
        {
            return new($"Wait until the canaries of {names} are complete, or scale them to 0{then}", Fix.Waiting);
        }

        var stop =
            !others[0].Type.HasScale ? ""
            : Edits.By(inspection.Evaluated.Request).Source() is { } source ? $", or set its spec.replicas to 0 in {source}"
            : $", or scale it to 0: {Edits.ScaleCommand(others[0], 0)}";
        return new($"Wait until the canary of {names} is complete{stop}{then}", Fix.Waiting);
    }

    /// <summary>
    /// A rollback does not wait. It passes at once for as many pods as the revision served before, and to a proven revision at any size.
    /// </summary>
    /// <returns>Null if no other revision is proven, and none of its pods may return at once.</returns>
    private static Remedy? OfRollback(PoolAssessment pool, Inspection inspection, Workload after)
    {
        var most = inspection.Highest(pods => after with { Replicas = pods }, 0, after.Replicas);
        var scale =
            most == 0
                ? ""
                : $"{Edits.Scale(inspection.Evaluated.Request, after.Ref, most)}; then {Edits.Retry(inspection.Evaluated.Request)}";
        return RollbackTarget.Proven(after.Ref, after.Template.Hash, pool, inspection).Count > 0
                ? new(
                    most > 0
                        ? $"Roll back to a revision that is proven ({RollbackTarget.History(after.Ref)}); or first {scale}"
                        : $"Roll back to a revision that is proven: {RollbackTarget.History(after.Ref)}",
                    Fix.Workload
                )
            : most > 0 ? new($"First {scale}", Fix.Workload)
            : null;
    }

    /// <param name="stopped">The workloads that have no unproven pods by then.</param>
    private static string Again(Inspection inspection, List<WorkloadRef> stopped)
    {
        var retry = Edits.Retry(inspection.Evaluated.Request);
        return stopped.Count > 0 && inspection.PassesWithout(stopped) ? retry : $"{retry}: the next answer says what is left to do";
    }
}
