namespace DeployGuard.Registry.Access;

/// <summary>Bounds of what is read, waited for and kept. The defaults are for an admission webhook.</summary>
public sealed record LookupLimits
{
    /// <summary>Statements of one image that are opened, over all places.</summary>
    public int Referrers { get; init; } = 32;

    /// <summary>Pages of referrers that are read.</summary>
    public int Pages { get; init; } = 8;

    /// <summary>Platforms of an index that are looked at.</summary>
    public int Platforms { get; init; } = 16;

    public int BlobBytes { get; init; } = 1024 * 1024;

    public int ManifestBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>A manifest that holds statements. One of a statement has a kilobyte.</summary>
    public int MemberBytes { get; init; } = 256 * 1024;

    /// <summary>Manifests, indexes and lists that one lookup reads, over all places: who may push decides how large they are.</summary>
    public int ManifestsBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Statements, labels and annotations that one lookup keeps.</summary>
    public int ResultBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>One request to a registry, its body included.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A registry that answers nothing for so long is away. Others answer within a fraction of it.</summary>
    public TimeSpan Away { get; init; } = TimeSpan.FromMilliseconds(500);

    public int Retries { get; init; } = 2;

    /// <summary>Before the first retry; it grows, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A registry that asks for a longer pause than this is left alone for so long instead of being retried.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A registry's wish for a pause is granted up to here.</summary>
    public TimeSpan LongestRest { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A lookup goes on for so long, also after nobody waits for it any more.</summary>
    public TimeSpan Lookup { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Lookups that run at the same time.</summary>
    public int Lookups { get; init; } = 128;

    /// <summary>Of one registry, so that a slow one leaves room for the others.</summary>
    public int LookupsPerRegistry { get; init; } = 32;

    /// <summary>Requests to one registry that are under way.</summary>
    public int RequestsPerRegistry { get; init; } = 16;

    /// <summary>Of one lookup, so that one image leaves room for the others.</summary>
    public int RequestsPerLookup { get; init; } = 6;

    /// <summary>How long a registry is left alone once half of at least <see cref="BreakerThroughput"/> requests failed.</summary>
    public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan BreakerSampling { get; init; } = TimeSpan.FromSeconds(30);

    public int BreakerThroughput { get; init; } = 8;

    /// <summary>What was found is used for so long without asking again.</summary>
    public TimeSpan PositiveLife { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The same, if something besides was refused: that may be replaced.</summary>
    public TimeSpan PartLife { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>That nothing was found is believed for so long. Failures are never kept.</summary>
    public TimeSpan NegativeLife { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// What all lookups in flight have read. Beyond it, all but the one that has held bytes for longest read on only as others end.
    /// Requests that are under way then, as many as each client sends to each registry at once, may add to it.
    /// </summary>
    public long ReadBytes { get; init; } = 64 * 1024 * 1024;

    public int CachedLookups { get; init; } = 4096;

    public long CachedBytes { get; init; } = 64 * 1024 * 1024;
}
