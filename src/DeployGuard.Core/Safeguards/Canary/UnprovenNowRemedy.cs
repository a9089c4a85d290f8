using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>What to do where the revision that a workload runs now is unproven itself, so that no other revision may replace it.</summary>
internal static class UnprovenNowRemedy
{
    public static Remedy Of(UnprovenPods now, PoolAssessment pool, Inspection inspection)
    {
        var workload = now.Workload;
        var running = ChangeLookup
            .Of(inspection.Cluster.Namespace?.Changes ?? [])
            .Of(workload)
            .FirstOrDefault(c => c.HasHash(now.TemplateHash));
        var review = running is { AwaitsReview: true }
            ? $"Have the break-glass of the revision that {workload.KubectlName} runs now reviewed by another person: kubectl "
                + "deployguard approve "
                + $"{running.Name} -n {workload.Namespace}. It is then proven, {When(running, inspection)}; wait until then"
            : $"Wait until the revision that {workload.KubectlName} runs now is proven, {When(running, inspection)}";
        var back = RollbackTarget.Offer(workload, now.TemplateHash, pool, inspection) is { } offer ? $", or {offer}" : "";
        return new(
            $"{review}{back}; then {Edits.Retry(inspection.Evaluated.Request)}: the next answer says what is left to do. To watch it: "
                + BlockedRemedy.Status(workload),
            Fix.Waiting
        );
    }

    /// <summary>The earliest time: a revision is proven only after all of its pods were available for a whole soak.</summary>
    private static string When(Change? running, Inspection inspection)
    {
        var soak = inspection.Policy.Canary?.Soak ?? ChangeLifecycle.Soak;
        return running?.AvailableSince is not { } since ? $"at the earliest {Durations.Show(soak)} after all its pods are available"
            : since + soak > inspection.Now ? $"at the earliest in {Durations.ShowUntil(since + soak, inspection.Now)}"
            : "at the earliest within a minute";
    }
}
