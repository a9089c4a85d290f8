namespace DeployGuard.Core.Changes;

/// <summary>Where a Change stands. Pending waits for approval; Admitted was let in; Running and later were seen in the live object.</summary>
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
