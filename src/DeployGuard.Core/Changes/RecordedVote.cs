namespace DeployGuard.Core.Changes;

/// <summary>One vote as its Change records it.</summary>
/// <param name="Name">Of the ChangeApproval.</param>
/// <param name="At">When it was cast: another ChangeApproval may get the name of one that was deleted.</param>
/// <param name="Counts">For what it counts under each policy, or why it does not count: <c>tier-1: security</c>.</param>
/// <param name="WithdrawnAt">Null while nobody withdrew it.</param>
/// <param name="HasExpired">It expired, and the ChangeApproval was deleted.</param>
public sealed record RecordedVote(
    string Name,
    DateTimeOffset At,
    IReadOnlyList<string> Counts,
    DateTimeOffset? WithdrawnAt,
    bool HasExpired
)
{
    /// <summary>User name of the voter.</summary>
    public string By { get; init; } = "";

    /// <summary>Null in a record that names none.</summary>
    public Approvals.Decision? Decision { get; init; }

    /// <summary>Whether it counts under any policy.</summary>
    public bool IsCounted => Counts.Any(PolicyTally.SaysThatItCounts);

    /// <summary>Whether it is the record of a vote.</summary>
    public bool IsOf(Approvals.Approval vote) => Name == vote.Name && At.ToUnixTimeSeconds() == vote.CreatedAt.ToUnixTimeSeconds();

    /// <summary>The ChangeApproval should be deleted by now.</summary>
    public bool IsGone => HasExpired || WithdrawnAt is not null;
}

/// <summary>A finding for which the last request was refused.</summary>
/// <param name="Reason">Its code, such as <c>ImageNotPinned</c>.</param>
public sealed record RecordedDenial(string Policy, string Reason);
