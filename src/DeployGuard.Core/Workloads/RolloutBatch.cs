namespace DeployGuard.Core.Workloads;

/// <summary>How many pods of a workload a rollout in place may replace at once.</summary>
public static class RolloutBatch
{
    private static readonly IntOrPercent s_one = new(1, IsPercent: false);
    private static readonly IntOrPercent s_none = new(0, IsPercent: false);

    /// <summary>
    /// The number of pods. All of them for Recreate, for types that this version does not know, and for OnDelete, because the user who
    /// deletes the pods sets the pace.
    /// </summary>
    public static int Of(Workload workload) =>
        !workload.Strategy.IsRolling ? workload.Replicas
        : workload.Type.InPlace is { } inPlace ? Math.Max(1, inPlace.Batch(workload))
        : workload.Replicas;

    /// <summary><c>maxSurge</c>, with the API server's default.</summary>
    public static IntOrPercent Surge(Workload workload) => workload.Strategy.MaxSurge ?? workload.Type.InPlace?.DefaultSurge ?? s_none;

    /// <summary><c>maxUnavailable</c>, with the API server's default.</summary>
    public static IntOrPercent Unavailable(Workload workload) =>
        workload.Strategy.MaxUnavailable ?? workload.Type.InPlace?.DefaultUnavailable ?? s_one;

    /// <summary>Whether new pods become available before old ones are deleted.</summary>
    public static bool SurgesOnly(Workload workload) =>
        workload.Strategy.IsRolling && Surge(workload).Value > 0 && Unavailable(workload).Value == 0;
}
