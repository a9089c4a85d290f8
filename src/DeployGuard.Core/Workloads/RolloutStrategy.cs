namespace DeployGuard.Core.Workloads;

/// <summary>How a workload replaces its pods. Null means that the object does not set the field.</summary>
/// <param name="Type">As the kind spells it: <c>RollingUpdate</c>, <c>Recreate</c>, <c>OnDelete</c>, or a type of a newer server.</param>
/// <param name="MaxSurge">Pods, or percent of the size.</param>
/// <param name="MaxUnavailable">Pods, or percent of the size.</param>
/// <param name="Partition">StatefulSet: pods with lower ordinals keep the old revision. Null for other types than RollingUpdate.</param>
/// <param name="MinReadySeconds">Seconds that a pod must be ready before it counts as available; 0 if absent.</param>
/// <param name="ProgressDeadlineSeconds">Deployment: seconds without progress before it counts as failed; 600 if absent.</param>
/// <param name="Paused">Deployment: no rollout while true.</param>
public sealed record RolloutStrategy(
    string? Type,
    IntOrPercent? MaxSurge,
    IntOrPercent? MaxUnavailable,
    int? Partition,
    int MinReadySeconds,
    int ProgressDeadlineSeconds,
    bool Paused
)
{
    /// <summary>It replaces pods batch by batch. The API server defaults the type to <c>RollingUpdate</c>.</summary>
    public bool IsRolling => Type is null or "" or "RollingUpdate";

    /// <summary>StatefulSet: the ordinal of its first pod; 0 if absent.</summary>
    public int FirstOrdinal { get; init; }

    /// <summary>CronJob: it starts a Job on schedule even if the previous one still runs.</summary>
    public bool JobsOverlap { get; init; }

    /// <summary>For kinds whose strategy cannot be read.</summary>
    public static readonly RolloutStrategy Unknown = new(null, null, null, null, 0, 600, false);
}

/// <summary>The Kubernetes IntOrString, where the string is a percentage.</summary>
public readonly record struct IntOrPercent(int Value, bool IsPercent)
{
    public int CeilingOf(int size) => IsPercent ? (int)((((long)size * Value) + 99) / 100) : Value;

    public int FloorOf(int size) => IsPercent ? (int)((long)size * Value / 100) : Value;

    public override string ToString() => IsPercent ? $"{Value}%" : $"{Value}";
}
