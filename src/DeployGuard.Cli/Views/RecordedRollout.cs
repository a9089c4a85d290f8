using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Views;

/// <summary>What the Changes of a workload say of its rollout, for users who may not read policies and pods.</summary>
internal static class RecordedRollout
{
    /// <summary>Whether a revision of it is on its way.</summary>
    public static bool IsRunning(WorkloadRef workload, IEnumerable<Change> changes) =>
        changes.Any(c => c.Workload == workload && c.Phase is Phase.Admitted or Phase.Running);

    public static IEnumerable<string> Of(WorkloadRef workload, IEnumerable<Change> changes, DateTimeOffset now)
    {
        var own = changes.Where(c => c.Workload == workload && c.Phase is not (Phase.Expired or Phase.Withdrawn)).ToList();
        yield return $"{workload}, as its Changes record it:";
        if (own.Count == 0)
        {
            yield return "  no Change is on record";
        }

        foreach (var change in own.OrderByDescending(c => c.Since))
        {
            yield return $"  {change.Name}  {change.Phase}{(change.Missing.Length > 0 ? $", missing: {change.Missing}" : "")}";
            foreach (var exposure in change.Exposure)
            {
                yield return $"    {exposure.Pool}, policy {exposure.Policy}: runs on {PoolView.Pods(exposure.Pods)}; {exposure.Unproven} of "
                    + $"{exposure.Total} are unproven, step {exposure.Step}% at most{Wait(exposure, now)}";
            }
        }
    }

    private static string Wait(RecordedExposure exposure, DateTimeOffset now) =>
        (
            exposure.SoakEndsAt is { } end && end > now
                ? $"; {Durations.Show(TimeSpan.FromSeconds(Math.Ceiling((end - now).TotalSeconds)))} of soak left"
                : ""
        ) + (exposure.WaitsFor.Length > 0 ? $"; waits for: {exposure.WaitsFor}" : "");
}
