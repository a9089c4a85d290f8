using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Content;

/// <summary>An image manifest or an index, as far as it matters here.</summary>
/// <param name="Digest">Of the very bytes that were read.</param>
/// <param name="Manifests">Of an index; empty otherwise.</param>
internal sealed record Manifest(
    Digest Digest,
    string MediaType,
    string? ArtifactType,
    Descriptor? Config,
    IReadOnlyList<Descriptor> Layers,
    IReadOnlyList<Descriptor> Manifests,
    IReadOnlyDictionary<string, string> Annotations
)
{
    /// <summary>How many further layers or members it has, which were not read.</summary>
    public int EntriesNotRead { get; init; }

    public bool IsIndex => MediaTypes.IsIndex(MediaType);
}
