using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Pushes;

/// <summary>Where a statement is put beside an image.</summary>
public enum PushPlace
{
    /// <summary>
    /// A manifest that names the image as its subject, with the fallback tag where the registry does not list such manifests.
    /// </summary>
    Referrer,

    /// <summary>A layer of what the tag <c>sha256-HEX.att</c> names.</summary>
    Tag,
}

/// <summary>A statement to be put beside an image.</summary>
/// <param name="MediaType">Of the content; see <see cref="Content.MediaTypes"/>.</param>
public sealed record PushRequest(
    PinnedImage Image,
    CredentialSet Credentials,
    PushPlace Place,
    string MediaType,
    ReadOnlyMemory<byte> Content
)
{
    /// <summary>Of the layer for <see cref="PushPlace.Tag"/>, of the manifest for <see cref="PushPlace.Referrer"/>.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
}

/// <param name="Place">For messages: <c>tag sha256-9f86d0.att of ghcr.io/acme/web</c>.</param>
/// <param name="Manifest">Of the manifest that holds the statement.</param>
public sealed record PushResult(string Place, Digest Manifest);
