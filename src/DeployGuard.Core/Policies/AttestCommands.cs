using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Policies;

/// <summary>What a policy and an image decide of the commands that remedies advise.</summary>
public static class AttestCommands
{
    private const string Push = "--push ";

    /// <summary>
    /// The same text with the image as the webhook reads it, what reaches its registry, and the one ref and repository of its sources in
    /// the commands.
    /// </summary>
    /// <param name="remedy">With the placeholders of <see cref="AttestAdvice"/>, or without a command.</param>
    /// <param name="origin">Of the policy that asks; null: only the image is filled in.</param>
    /// <param name="image">As a pod names it.</param>
    public static string For(string image, SignedOrigin? origin, string remedy)
    {
        var read = ReadName(image, origin);
        var about = remedy
            .Replace(AttestAdvice.Beside, $"--beside {read}", StringComparison.Ordinal)
            .Replace(AttestAdvice.About, $"--image {read}", StringComparison.Ordinal);
        if (origin is null)
        {
            return about;
        }

        return about
            .Replace(Push, $"{Push}{OptionsOf(read, origin)}", StringComparison.Ordinal)
            .Replace(AttestAdvice.Ref, SourceOf(origin.SourcesOf(image)), StringComparison.Ordinal);
    }

    /// <summary>The name under which the webhook reads the image: what is pushed beside another one is not found.</summary>
    private static string ReadName(string image, SignedOrigin? origin) =>
        origin is not null
        && ImagePattern.RepositoryOf(image) is { } repository
        && repository.IndexOf('/', StringComparison.Ordinal) is var path
        && origin.Registries.FirstOrDefault(r => r.Host == repository[..path]) is { Mirror: { } mirror }
        && image.IndexOf('@', StringComparison.Ordinal) is > 0 and var digest
            ? $"{mirror}{repository[path..]}{image[digest..]}"
            : image;

    /// <summary>Those that reach the registry.</summary>
    private static string OptionsOf(string read, SignedOrigin origin) =>
        origin.Registries.FirstOrDefault(r => r.Host == ImagePattern.RepositoryOf(read)?.Split('/')[0]) is not { } registry
            ? ""
            : (registry.PlainHttp ? "--plain-http " : "")
                + (registry.CaBundle is null ? "" : "--ca-bundle FILE ")
                + string.Concat(registry.TokenHosts.Select(h => $"--token-host {h} "));

    /// <summary>Where there are several, it is not clear which one is meant.</summary>
    private static string SourceOf(IReadOnlyList<OriginSource> sources) =>
        AttestAdvice.SourceOf(
            sources.SelectMany(s => s.Refs).Distinct().ToList() is [var name] ? name : null,
            sources.DistinctBy(s => s.Address).ToList() is [var only] ? only.Repository : null
        );
}
