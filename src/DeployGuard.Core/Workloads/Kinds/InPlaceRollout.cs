namespace DeployGuard.Core.Workloads;

/// <summary>How a controller replaces the pods of a workload part by part.</summary>
public sealed record InPlaceRollout
{
    /// <summary>Where the object does not say, as the API server writes it.</summary>
    public IntOrPercent DefaultSurge { get; init; } = new(0, IsPercent: false);

    /// <summary>The same.</summary>
    public IntOrPercent DefaultUnavailable { get; init; } = new(1, IsPercent: false);

    public required Surging Surging { get; init; }

    /// <summary>Pods that a rollout under <c>RollingUpdate</c> may change at once; below 1 counts as 1.</summary>
    public required Func<Workload, int> Batch { get; init; }

    /// <summary>It fails after <c>progressDeadlineSeconds</c> without progress.</summary>
    public bool HasProgressDeadline { get; init; }

    /// <summary>The <c>spec</c> of a patch that has a rollout change so many pods at once, with the times that the workload has.</summary>
    public required Func<Workload, int, string> PacePatch { get; init; }
}

/// <summary>Whether new pods may come before old ones go.</summary>
public enum Surging
{
    Never,

    /// <summary><c>maxSurge</c> or <c>maxUnavailable</c>: the API server takes one of the two, not both.</summary>
    Instead,

    /// <summary><c>maxSurge</c> besides <c>maxUnavailable</c>.</summary>
    Besides,
}
