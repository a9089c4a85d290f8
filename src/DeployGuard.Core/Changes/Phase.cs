namespace DeployGuard.Core.Changes;

/// <summary>
/// The phase of a Change. Pending waits for approval. Admitted passed the webhook. Running and later phases were observed in the live
/// object.
/// </summary>
public enum Phase
{
    Pending,
    Admitted,
    Running,
    Completed,
    Proven,
    Rejected,
    Expired,

    /// <summary>A requester withdrew the request. What is known of the revision stays on record.</summary>
    Withdrawn,
}
