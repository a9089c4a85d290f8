namespace DeployGuard.Core.Workloads;

/// <summary>How a controller replaces the pods of a workload batch by batch.</summary>
public sealed record InPlaceRollout
{
    /// <summary>The API server's default for <c>maxSurge</c>.</summary>
    public IntOrPercent DefaultSurge { get; init; } = new(0, IsPercent: false);

    /// <summary>The API server's default for <c>maxUnavailable</c>.</summary>
    public IntOrPercent DefaultUnavailable { get; init; } = new(1, IsPercent: false);

    public required Surging Surging { get; init; }

    /// <summary>Pods that a <c>RollingUpdate</c> may replace at once; values below 1 count as 1.</summary>
    public required Func<Workload, int> Batch { get; init; }

    /// <summary>The rollout fails after <c>progressDeadlineSeconds</c> without progress.</summary>
    public bool HasProgressDeadline { get; init; }

    /// <summary>The <c>spec</c> of a patch that limits the batch to so many pods and keeps the workload's times.</summary>
    public required Func<Workload, int, string> PacePatch { get; init; }
}

/// <summary>Whether new pods may start before old ones stop.</summary>
public enum Surging
{
    Never,

    /// <summary>Either <c>maxSurge</c> or <c>maxUnavailable</c>: the API server accepts only one.</summary>
    Instead,

    /// <summary>Both <c>maxSurge</c> and <c>maxUnavailable</c>.</summary>
    Besides,
}
