using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>The images that a statement is about.</summary>
internal static class StatementSubjects
{
    private const string Algorithm = "sha256:";

    /// <summary>Names without tag, and digests in hex.</summary>
    /// <exception cref="ManifestException">One is not named by digest.</exception>
    public static IReadOnlyList<(string Name, string Sha256)> Of(IEnumerable<string> images) =>
        [
            .. images.Select(image =>
                new ImageReference(image).Digest is { } digest && digest.StartsWith(Algorithm, StringComparison.Ordinal)
                    ? (WithoutTag(image[..image.IndexOf('@', StringComparison.Ordinal)]), digest[Algorithm.Length..])
                    : throw new ManifestException(
                        $"--image {image}: not named by digest; name it as in registry.example.com/checkout@sha256:... (64 hex digits)"
                    )
            ),
        ];

    private static string WithoutTag(string name) =>
        name.LastIndexOf(':') is var colon && colon > name.LastIndexOf('/') ? name[..colon] : name;
}
