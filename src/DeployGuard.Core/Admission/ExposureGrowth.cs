using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>Whether a request with the same template brings it to more pods, or brings it there faster.</summary>
internal static class ExposureGrowth
{
    /// <summary>The kind of growth, for the log; null if there is none.</summary>
    public static string? GrowthOf(Workload before, Workload after)
    {
        var (old, now) = (before.Strategy, after.Strategy);
        return after.Replicas > before.Replicas ? "more replicas"
            : (now.Partition ?? 0) < (old.Partition ?? 0) ? "a lower partition"
            : now.FirstOrdinal != old.FirstOrdinal ? "other ordinals"
            : old.Paused && !now.Paused ? "resumed"
            : PaceLoosened(before, after) ? "a faster rollout"
            : now.JobsOverlap && !old.JobsOverlap ? "Jobs that may overlap"
            : HasOtherLabels(before, after) ? "labels that a Service may select"
            : null;
    }

    private static bool HasOtherLabels(Workload before, Workload after) =>
        after.Template.Labels.Any(l => before.Template.Labels.GetValueOrDefault(l.Key) != l.Value);

    private static bool PaceLoosened(Workload before, Workload after) =>
        RolloutBatch.Of(after) > RolloutBatch.Of(before)
        || after.Strategy.MinReadySeconds < before.Strategy.MinReadySeconds
        || (before.Strategy.Paused && !after.Strategy.Paused);
}
