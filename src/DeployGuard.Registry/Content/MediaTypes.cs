namespace DeployGuard.Registry.Content;

/// <summary>The media types that are asked for and recognised.</summary>
public static class MediaTypes
{
    public const string Index = "application/vnd.oci.image.index.v1+json";
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string ImageConfig = "application/vnd.oci.image.config.v1+json";
    public const string DockerImageConfig = "application/vnd.docker.container.image.v1+json";

    /// <summary>A DSSE envelope.</summary>
    public const string Dsse = "application/vnd.dsse.envelope.v1+json";

    /// <summary>What cosign signs of an image; the signature is an annotation beside it.</summary>
    public const string SimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json";

    /// <summary>The beginning of the types of a sigstore bundle; its version follows.</summary>
    public const string BundlePrefix = "application/vnd.dev.sigstore.bundle";

    /// <summary>Of an empty content; some tools name it where the type of a statement belongs.</summary>
    public const string Empty = "application/vnd.oci.empty.v1+json";

    internal const int Longest = 128;

    internal const string AnyManifest = $"{Index}, {Manifest}, {DockerIndex}, {DockerManifest}";

    /// <summary>Whether a content is a signed statement.</summary>
    public static bool IsStatement(string mediaType) =>
        mediaType is Dsse or SimpleSigning || (mediaType.Length <= Longest && mediaType.StartsWith(BundlePrefix, StringComparison.Ordinal));

    internal static bool IsIndex(string mediaType) => mediaType is Index or DockerIndex;

    internal static bool IsImageConfig(string mediaType) => mediaType is ImageConfig or DockerImageConfig;
}
