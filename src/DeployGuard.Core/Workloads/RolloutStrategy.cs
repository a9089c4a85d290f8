namespace DeployGuard.Core.Workloads;

/// <summary>How a workload replaces its pods. Null means that the object does not say.</summary>
/// <param name="Type">As the kind spells it: <c>RollingUpdate</c>, <c>Recreate</c>, <c>OnDelete</c>, or what a newer server has.</param>
/// <param name="MaxSurge">Pods, or percent of the size.</param>
/// <param name="MaxUnavailable">Pods, or percent of the size.</param>
/// <param name="Partition">StatefulSet: ordinals below it keep the old revision. Null under any type that does not roll.</param>
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
    bool Paused)
{
    /// <summary>It replaces pods part by part; the API server writes <c>RollingUpdate</c> where the object says no type.</summary>
    public bool IsRolling => Type is null or "" or "RollingUpdate";

    /// <summary>StatefulSet: the ordinal of its first pod; 0 if absent.</summary>
    public int FirstOrdinal { get; init; }

    /// <summary>CronJob: at each of its times it makes another Job, whether the last one has ended or not.</summary>
    public bool JobsOverlap { get; init; }

    /// <summary>Of a kind whose strategy nobody can read.</summary>
    public static readonly RolloutStrategy Unknown = new(null, null, null, null, 0, 600, false);
}

/// <summary>The API's IntOrString where the string is a percentage.</summary>
public readonly record struct IntOrPercent(int Value, bool IsPercent)
{
    public int CeilingOf(int size) => IsPercent ? (int)((((long)size * Value) + 99) / 100) : Value;

    public int FloorOf(int size) => IsPercent ? (int)((long)size * Value / 100) : Value;

    public override string ToString() => IsPercent ? $"{Value}%" : $"{Value}";
}
