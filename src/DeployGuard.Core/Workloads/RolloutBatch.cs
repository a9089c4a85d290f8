namespace DeployGuard.Core.Workloads;

/// <summary>How many pods of a workload a rollout in place may change at once.</summary>
public static class RolloutBatch
{
    private static readonly IntOrPercent s_one = new(1, IsPercent: false);
    private static readonly IntOrPercent s_none = new(0, IsPercent: false);

    /// <summary>
    /// Pods. All of them for Recreate, for OnDelete, where the person who deletes the pods sets the pace, and for a type that this
    /// version does not know.
    /// </summary>
    public static int Of(Workload workload) => !workload.Strategy.IsRolling
        ? workload.Replicas
        : workload.Type.InPlace is { } inPlace ? Math.Max(1, inPlace.Batch(workload))
        : workload.Replicas;

    /// <summary>The surge in force: the API server's default where the object does not say.</summary>
    public static IntOrPercent Surge(Workload workload) =>
        workload.Strategy.MaxSurge ?? workload.Type.InPlace?.DefaultSurge ?? s_none;

    /// <summary>The unavailability in force: the API server's default where the object does not say.</summary>
    public static IntOrPercent Unavailable(Workload workload) =>
        workload.Strategy.MaxUnavailable ?? workload.Type.InPlace?.DefaultUnavailable ?? s_one;

    /// <summary>Whether new pods come before old ones go, and no pod that serves is missing for it.</summary>
    public static bool SurgesOnly(Workload workload) =>
        workload.Strategy.IsRolling && Surge(workload).Value > 0 && Unavailable(workload).Value == 0;
}
