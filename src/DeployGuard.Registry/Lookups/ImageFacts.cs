using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Lookups;

/// <summary>What an image says about itself. Unsigned: who can push the image wrote it.</summary>
/// <param name="Annotations">Of its manifest or index.</param>
/// <param name="Labels">Of its configuration; null if they were not asked for, or if it is an index.</param>
/// <param name="Platforms">Of an index, without those that no runtime chooses (<c>unknown/unknown</c>); empty otherwise.</param>
/// <param name="PlatformsNotRead">How many more there are: nothing is known about them.</param>
public sealed record ImageFacts(
    Digest Digest,
    string MediaType,
    IReadOnlyDictionary<string, string> Annotations,
    IReadOnlyDictionary<string, string>? Labels,
    IReadOnlyList<PlatformFacts> Platforms,
    int PlatformsNotRead
)
{
    /// <summary>Whether every label and annotation was read that was asked for.</summary>
    public bool IsWhole { get; init; } = true;
}

/// <summary>An image of an index.</summary>
/// <param name="Platform"><c>linux/amd64</c>; empty if the index does not say it, and a runtime may choose it all the same.</param>
/// <param name="Annotations">Of the entry in the index, and of its manifest if labels were asked for.</param>
public sealed record PlatformFacts(
    string Platform,
    Digest Digest,
    IReadOnlyDictionary<string, string> Annotations,
    IReadOnlyDictionary<string, string>? Labels
);
