using System.Globalization;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>What to do where the revision that a workload runs now is unproven itself, so that no other revision may replace it.</summary>
internal static class UnprovenNowRemedy
{
    public static Remedy Of(UnprovenPods now, Inspection inspection)
    {
        var workload = now.Workload;
        var changes = (inspection.Cluster.Namespace?.Changes ?? []).Where(c => c.Workload == workload).ToList();
        var running = changes.Find(c => c.TemplateHash == now.TemplateHash);
        var review = running is { IsUnreviewed: true }
            ? $"Have the break-glass of the revision that {workload.KubectlName} runs now reviewed by another person: kubectl deployguard approve "
                + $"{running.Name} -n {workload.Namespace}. It is then proven {When(running, inspection)}; wait until then"
            : $"Wait until the revision that {workload.KubectlName} runs now is proven, {When(running, inspection)}";
        return new(
            $"{review}{Back(changes, now, inspection)}; then {Edits.Retry(inspection.Evaluated.Request)}: the next answer says what is left to "
                + $"do. To watch it: {BlockedRemedy.Status(workload)}",
            Fix.Waiting
        );
    }

    /// <summary>The earliest time: a revision is proven only after all of its pods were available for a whole soak.</summary>
    private static string When(Change? running, Inspection inspection)
    {
        var soak = inspection.Policy.Canary?.Soak ?? ChangeLifecycle.Soak;
        return running?.AvailableSince is not { } since ? $"at the earliest {Durations.Show(soak)} after all its pods are available"
            : since + soak is var at && at > inspection.Now
                ? $"at the earliest in {Durations.Show(at - inspection.Now)} ({at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC)"
            : "which it may be within a minute";
    }

    /// <summary>
    /// A rollback helps only if it leads to a proven revision; otherwise the same answer would follow. <c>rollout undo</c> goes to the
    /// revision before the current one.
    /// </summary>
    private static string Back(List<Change> changes, UnprovenPods now, Inspection inspection)
    {
        var workload = now.Workload;
        var former = changes.Where(c => c.TemplateHash != now.TemplateHash && c.WasAdmitted).ToList();
        if (workload.Type.InPlace is null || !former.Exists(ProvenRevisions.IsProven))
        {
            return "";
        }

        return Edits.By(inspection.Evaluated.Request).AppliesRepository() ? ", or first revert the repository to a revision that is proven"
            : former.MaxBy(c => c.Since > c.LastRequestedAt ? c.Since : c.LastRequestedAt) is { } last && ProvenRevisions.IsProven(last)
                ? $", or roll it back first: kubectl rollout undo {workload.KubectlName} -n {workload.Namespace}"
            : $", or first roll back to a revision that is proven (kubectl rollout history {workload.KubectlName} -n {workload.Namespace})";
    }
}
