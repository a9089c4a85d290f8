using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Content;

/// <summary>What a manifest says about another content.</summary>
/// <param name="Platform">Of a manifest in an index: <c>linux/amd64</c>, <c>linux/arm/v7</c>.</param>
internal sealed record Descriptor(
    string MediaType,
    Digest Digest,
    long Size,
    string? ArtifactType,
    string? Platform,
    IReadOnlyDictionary<string, string> Annotations
)
{
    /// <summary>It is of an unknown system and an unknown architecture, by both of these fields: no runtime chooses it.</summary>
    public bool IsOfNoPlatform { get; init; }
}
