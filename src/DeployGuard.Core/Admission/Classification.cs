namespace DeployGuard.Core.Admission;

/// <summary>The type of change that a request makes, and why.</summary>
/// <param name="Because">For the log, and for the refusal of a request that cannot be understood.</param>
public sealed record Classification(ChangeType Type, string Because)
{
    /// <summary>No policy matches, so the request was not evaluated.</summary>
    public static Classification Unguarded { get; } = new(ChangeType.NothingToGuard, "no policy matches");

    /// <summary>A queue starts a suspended Job with scheduling directives of its own.</summary>
    public bool IsScheduled { get; init; }

    /// <summary>Why the request cannot be understood; <see cref="Obstacle.None"/> for every other type.</summary>
    public Obstacle Obstacle { get; init; }

    internal static Classification NotUnderstood(Obstacle obstacle, string because) =>
        new(ChangeType.NotUnderstood, because) { Obstacle = obstacle };
}

/// <summary>Why a request cannot be understood.</summary>
public enum Obstacle
{
    None,

    /// <summary>A kind without a path to its pod template.</summary>
    NoTemplatePath,

    /// <summary>A ControllerRevision: only controllers write it.</summary>
    ControllerRevision,

    /// <summary>Annotations that a Deployment's controller uses to scale its ReplicaSets: only that controller writes them.</summary>
    ScalingAnnotations,

    /// <summary>A pod's label that names its revision: only its controller writes it.</summary>
    RevisionLabel,

    /// <summary>The template has bytes that are not UTF-8.</summary>
    TextNotUtf8,

    /// <summary>The pods read a restart annotation, and it has another time than now.</summary>
    RestartTime,
}
