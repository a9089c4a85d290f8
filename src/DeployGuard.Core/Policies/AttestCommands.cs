using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Policies;

/// <summary>What a policy and an image decide of the commands that remedies advise.</summary>
public static class AttestCommands
{
    private const string Push = "--push ";

    /// <summary>The same text with the image, its registry's protocol, and the one ref and repository of its sources in the commands.</summary>
    /// <param name="remedy">With the placeholders of <see cref="AttestAdvice"/>, or without a command.</param>
    /// <param name="origin">Of the policy that asks; null leaves the placeholders that it decides.</param>
    /// <param name="image">As a pod names it.</param>
    public static string For(string image, SignedOrigin? origin, string remedy)
    {
        var about = remedy
            .Replace(AttestAdvice.Beside, $"--beside {image}", StringComparison.Ordinal)
            .Replace(AttestAdvice.About, $"--image {image}", StringComparison.Ordinal);
        if (origin is null)
        {
            return about;
        }

        var host = ImagePattern.RepositoryOf(image)?.Split('/')[0];
        return (
            origin.Registries.Any(r => r.PlainHttp && r.Host == host)
                ? about.Replace(Push, $"{Push}--plain-http ", StringComparison.Ordinal)
                : about
        ).Replace(AttestAdvice.Ref, SourceOf(origin.SourcesOf(image)), StringComparison.Ordinal);
    }

    /// <summary>Nobody knows which one is meant where there are several.</summary>
    private static string SourceOf(IReadOnlyList<OriginSource> sources) =>
        AttestAdvice.SourceOf(
            sources.SelectMany(s => s.Refs).Distinct().ToList() is [var name] ? name : null,
            sources.DistinctBy(s => s.Address).ToList() is [var only] ? only.Repository : null
        );
}
