using DeployGuard.Core.Approvals;

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
    /// <summary>Of the ChangeApproval; empty in a record that an older version wrote.</summary>
    public string Uid { get; init; } = "";

    /// <summary>User name of the voter.</summary>
    public string By { get; init; } = "";

    /// <summary>Null in a record that names none.</summary>
    public Decision? Decision { get; init; }

    /// <summary>Expiry that the voter set; null if there is none.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>User name of the person who withdrew it; null if nobody did, or it is not known.</summary>
    public string? WithdrawnBy { get; init; }

    /// <summary>Whether it counts under any policy.</summary>
    public bool IsCounted => Counts.Any(PolicyTally.SaysThatItCounts);

    /// <summary>Whether it is the record of a vote. Without a uid on both sides, its name and the second of the vote tell.</summary>
    public bool IsOf(Approval vote) => IsOf(vote.Name, vote.Uid, vote.CreatedAt);

    /// <inheritdoc cref="IsOf(Approval)"/>
    public bool IsOf(string name, string uid, DateTimeOffset cast) =>
        Name == name && (Uid.Length > 0 && uid.Length > 0 ? Uid == uid : At.ToUnixTimeSeconds() == cast.ToUnixTimeSeconds());

    /// <summary>The ChangeApproval should be deleted by now.</summary>
    public bool IsGone => HasExpired || WithdrawnAt is not null;

    /// <summary>The age that a policy sets has ended it, and it counts under no other one. It may exist still.</summary>
    public bool IsTooOld => !IsCounted && Counts.Any(PolicyTally.SaysThatItExpired);

    /// <summary>Somebody took it back while it counted. A vote that had expired cannot be taken back any more.</summary>
    public bool WasTakenBack => WithdrawnAt is { } at && !HasExpired && !(ExpiresAt <= at) && !IsTooOld;
}

/// <summary>A finding for which the last request was refused.</summary>
/// <param name="Reason">Its code, such as <c>ImageNotPinned</c>.</param>
public sealed record RecordedDenial(string Policy, string Reason);
