namespace DeployGuard.Core.Admission;

/// <summary>What a request means, decided once, before any safeguard runs. Closed: a switch over it ends in a throw.</summary>
public enum ChangeType
{
    /// <summary>Deletes, status, metadata, what trusted controllers write, restarts, scale-downs.</summary>
    NothingToGuard,

    /// <summary>A kind that is matched but that nobody can read, or that only controllers may write.</summary>
    NotUnderstood,

    /// <summary>Back to a revision of this workload that completed.</summary>
    Rollback,

    /// <summary>Something that this workload did not run before.</summary>
    NewRevision,

    /// <summary>The same template, with more reach or a faster pace; or a Service that selects other pods.</summary>
    MoreExposure,

    /// <summary>The same template on fewer pods: never refused, but others may weigh more beside it.</summary>
    LessExposure,
}
