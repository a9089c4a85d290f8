namespace DeployGuard.Core.Attestations.Trust;

/// <summary>What is asked of the statements: how did this image come to be, since what runs now?</summary>
/// <param name="Sources">
/// What may stand behind the image, by policy. Without any, no statement relaxes anything: each could be about another repository.
/// </param>
/// <param name="Running">What runs of this container now. Nothing: the whole history of the repository is asked for.</param>
public sealed record ImageQuestion(JudgedImage Image, IReadOnlyList<SourceRule> Sources, IReadOnlyList<RunningImage> Running)
{
    /// <summary>
    /// How many distinct keys of the role <see cref="KeyRole.SourceReview"/> must state each part of the range, each review and each
    /// template, in the same statement or in several.
    /// </summary>
    public int ReviewThreshold { get; init; } = 1;

    /// <summary>Of the keys that the policy trusts. For advice, which asks only for keys that count.</summary>
    public IReadOnlyCollection<KeyRole> Roles { get; init; } = [KeyRole.Build, KeyRole.SourceReview];

    /// <summary>The levels of a Source VSA that stand for "AI had a part".</summary>
    public IReadOnlyCollection<string> AiLevels { get; init; } = [];

    /// <summary>
    /// The person behind a name of the forge, an e-mail address or a user name. Persons are compared without regard to case.
    /// </summary>
    public Func<string, string> PersonOf { get; init; } = name => name;
}

/// <summary>An image as a pod names it.</summary>
/// <param name="Digest">64 hex digits, or <c>sha256:</c> before them.</param>
public sealed record JudgedImage(string Digest)
{
    /// <summary>
    /// If the digest is that of an index: its images, without those that are no platform. Each needs its statement where none is about the
    /// index.
    /// </summary>
    public IReadOnlyList<PlatformImage> Platforms { get; init; } = [];

    /// <summary>
    /// Indexes that were read and contain this image, where the policy lets a statement about an index count for its images.
    /// </summary>
    public IReadOnlyList<string> PartOf { get; init; } = [];
}

/// <param name="Platform">Such as <c>linux/arm64</c>.</param>
public sealed record PlatformImage(string Platform, string Digest);

/// <param name="Repository">Such as <c>https://github.com/acme/checkout</c>.</param>
/// <param name="Refs">Whole refs, or their beginning and <c>*</c>.</param>
public sealed record SourceRule(string Repository, IReadOnlyList<string> Refs)
{
    internal string? Address { get; } = RepositoryUri.Parse(Repository)?.Address;

    internal bool Allows(string name) => Refs.Any(r => r.EndsWith('*') ? name.StartsWith(r[..^1], StringComparison.Ordinal) : name == r);
}

/// <param name="Image">For messages.</param>
/// <param name="Commit">The head commit that was concluded when it was admitted; null if it is not known.</param>
public sealed record RunningImage(string Image, string? Commit);
