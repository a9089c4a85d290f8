namespace DeployGuard.Core.Provenance;

/// <summary>What is known of how a change was made.</summary>
public enum OriginKind
{
    Unknown,
    AiAssisted,
    Human,
}

/// <summary>
/// One claim about how a change was made. Unsigned claims (all of this version) may only tighten: they can say AI and name
/// authors, never say "human".
/// </summary>
/// <param name="Source">Where it was read: <c>annotation</c>.</param>
/// <param name="Key">What was read: the annotation's key.</param>
/// <param name="Value">What it said, as written.</param>
public sealed record Evidence(string Source, string Key, string Value)
{
    /// <summary>Whose request brought it; null where that is not on record: an older version wrote it.</summary>
    public string? By { get; init; }

    /// <summary>
    /// It stood on the live object, where anybody who may annotate can have put it. It counts for the requests that carry it, and not from the record.
    /// </summary>
    public bool IsCarried { get; init; }
}

/// <summary>The conclusion from all evidence.</summary>
/// <param name="Tool">The tool named, for messages; null if none was.</param>
/// <param name="Authors">Usernames named as authors; they are excluded as approvers.</param>
public sealed record Origin(OriginKind Kind, string? Tool, IReadOnlyList<string> Authors, IReadOnlyList<Evidence> Evidence)
{
    public static readonly Origin NothingKnown = new(OriginKind.Unknown, null, [], []);
}
