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
}
