namespace DeployGuard.Core.Changes;

/// <summary>One vote as its Change records it.</summary>
/// <param name="Name">Of the ChangeApproval.</param>
/// <param name="Counts">For what it counts under each policy, or why it does not count: <c>tier-1: security</c>.</param>
/// <param name="WithdrawnAt">Null while nobody withdrew it.</param>
/// <param name="HasExpired">It expired, and the ChangeApproval was deleted.</param>
/// <param name="IsRejection">It rejects the revision.</param>
public sealed record RecordedVote(
    string Name,
    IReadOnlyList<string> Counts,
    DateTimeOffset? WithdrawnAt,
    bool HasExpired,
    bool IsRejection = false
)
{
    /// <summary>The ChangeApproval should be deleted by now.</summary>
    public bool IsGone => HasExpired || WithdrawnAt is not null;
}

/// <summary>A finding for which the last request was refused.</summary>
/// <param name="Reason">Its code, such as <c>ImageNotPinned</c>.</param>
public sealed record RecordedDenial(string Policy, string Reason);
