namespace DeployGuard.Core.Admission;

/// <summary>What type of change a request is, and why.</summary>
/// <param name="Because">For the log, and for refusals of what cannot be understood.</param>
public sealed record Classification(ChangeType Type, string Because)
{
    /// <summary>No policy matches: nothing was looked at.</summary>
    public static Classification Unguarded { get; } = new(ChangeType.NothingToGuard, "no policy matches");

    /// <summary>A queue starts a suspended Job, with its own scheduling directives.</summary>
    public bool IsScheduled { get; init; }

    /// <summary>Why the request cannot be understood; <see cref="Obstacle.None"/> for every other type.</summary>
    public Obstacle Obstacle { get; init; }

    internal static Classification NotUnderstood(Obstacle obstacle, string because) => new(ChangeType.NotUnderstood, because) { Obstacle = obstacle };
}

/// <summary>Why a request cannot be understood.</summary>
public enum Obstacle
{
    None,

    /// <summary>A kind without a path to its pod template.</summary>
    NoTemplatePath,

    /// <summary>A ControllerRevision, which only controllers write.</summary>
    ControllerRevision,

    /// <summary>The annotations by which a Deployment's controller scales its ReplicaSets, which only that controller writes.</summary>
    ScalingAnnotations,

    /// <summary>The template has bytes that are not UTF-8.</summary>
    TextNotUtf8,

    /// <summary>A restart annotation that the pods read says another time than now.</summary>
    RestartTime,
}
