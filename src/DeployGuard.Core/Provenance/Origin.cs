namespace DeployGuard.Core.Provenance;

/// <summary>How a change was made, as far as it is known.</summary>
public enum OriginKind
{
    Unknown,
    AiAssisted,
    Human,
}

/// <summary>
/// One claim about how a change was made. Unsigned claims (all, in this version) can only make requirements stricter: they can say AI and
/// name authors, never say "human".
/// </summary>
/// <param name="Source">
/// Where it was read: <c>annotation</c>, <c>statement</c>, <c>image label of ghcr.io/acme/web@sha256:...</c>.
/// </param>
/// <param name="Key">What was read: the key of the annotation or label, the names of the keys that signed.</param>
/// <param name="Value">The value, on one line; characters that cannot be seen are shown by name.</param>
public sealed record Evidence(string Source, string Key, string Value)
{
    /// <summary>The requester who brought it; null if an older version recorded it.</summary>
    public string? By { get; init; }

    /// <summary>
    /// It was on the live object, where every user who may annotate could have put it. It counts for requests that contain it, and not from
    /// the record.
    /// </summary>
    public bool IsCarried { get; init; }
}

/// <summary>The conclusion from all evidence.</summary>
/// <param name="Tool">The named tool, for messages; null if there is none.</param>
/// <param name="Authors">Usernames named as authors; they are excluded as approvers.</param>
public sealed record Origin(OriginKind Kind, string? Tool, IReadOnlyList<string> Authors, IReadOnlyList<Evidence> Evidence)
{
    public static readonly Origin NothingKnown = new(OriginKind.Unknown, null, [], []);
}
