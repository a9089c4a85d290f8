namespace DeployGuard.Core.Admission;

/// <summary>
/// The type of change that a request makes. It is decided before any safeguard runs, and again if live reads changed the snapshot.
/// Closed: a switch over it ends in a throw.
/// </summary>
public enum ChangeType
{
    /// <summary>Deletes that no controller makes up for, writes of status or metadata, writes of trusted controllers, restarts.</summary>
    NothingToGuard,

    /// <summary>A kind that a policy matches, but that DeployGuard cannot read or that only controllers may write.</summary>
    NotUnderstood,

    /// <summary>Returns to a revision of this workload that completed.</summary>
    Rollback,

    /// <summary>A revision that this workload did not run before.</summary>
    NewRevision,

    /// <summary>The same template on more pods or at a faster pace; or a Service that selects other pods.</summary>
    MoreExposure,

    /// <summary>
    /// A controller gives pods to a ReplicaSet that had none. The request for it was evaluated; only a revision that must not serve is not
    /// to come back by it.
    /// </summary>
    KeptRevision,

    /// <summary>The same template on fewer pods. It is never refused, but the share of other, unproven pods may grow.</summary>
    LessExposure,
}
