using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Lookups;

/// <summary>A signed statement as it lies in a registry. Nothing of it is verified but the digests of its bytes.</summary>
/// <param name="Subject">The digest under which it was found: that of the image, or of one of its platforms.</param>
/// <param name="Place">Where it was found, for messages.</param>
/// <param name="Manifest">Of the manifest that holds it.</param>
/// <param name="MediaType">Of the content; see <see cref="Content.MediaTypes"/>.</param>
/// <param name="Annotations">Of the layer: cosign writes its signature there.</param>
/// <param name="ManifestAnnotations">Of the manifest that holds it.</param>
public sealed record Statement(
    Digest Subject,
    string Place,
    Digest Manifest,
    string MediaType,
    ReadOnlyMemory<byte> Content,
    IReadOnlyDictionary<string, string> Annotations,
    IReadOnlyDictionary<string, string> ManifestAnnotations
)
{
    /// <summary>The digest of the manifest covers its annotations and those of its layers.</summary>
    internal bool IsSameAs(Statement other) =>
        (Subject, Place, Manifest, MediaType) == (other.Subject, other.Place, other.Manifest, other.MediaType)
        && Content.Span.SequenceEqual(other.Content.Span);
}
