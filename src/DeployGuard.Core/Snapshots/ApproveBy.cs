namespace DeployGuard.Core.Snapshots;

/// <summary>How an approver can identify the change.</summary>
public enum ApproveBy
{
    /// <summary>By the Change that a refusal records.</summary>
    ChangeName,

    /// <summary>By the template hash, because a dry run records no Change.</summary>
    Hash,

    /// <summary>Not yet: as many Changes of the requester wait as may, so this one is not on record, and nobody could read it.</summary>
    NoRoom,

    /// <summary>Never: every attempt has another generated name.</summary>
    Never,

    /// <summary>Not yet: the hash of a file differs from the hash of its object, until the API server adds its defaults.</summary>
    NotYet,
}
