using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;

namespace DeployGuard.Statements;

/// <summary>What a lookup's result means for the decision and for its message.</summary>
public static class FoundText
{
    /// <summary>No image has this digest: a platform of which nothing is known is covered by no statement about platforms.</summary>
    private static readonly string s_unknown = $"sha256:{new string('0', 64)}";

    /// <summary>Why it could not be said, and what was tried.</summary>
    public static string Of(Unavailable result) =>
        result.Message
        + (result.Looked.Count > 0 ? $" (looked at {string.Join("; ", result.Looked.Select(l => Without(l, result.Message)))})" : "")
        + (result.CredentialsTried.Count > 0 ? $" (with {string.Join(", ", result.CredentialsTried)})" : "");

    /// <summary>A fault that stands before it is not said again of the place.</summary>
    private static string Without(string looked, string fault) =>
        looked.EndsWith($": {fault}", StringComparison.Ordinal) ? looked[..^(fault.Length + 2)] : looked;

    /// <summary>What the requester should know of a result without statements; empty if there are some.</summary>
    /// <param name="policy">The one that asks.</param>
    /// <param name="running">What runs where the image would run.</param>
    public static string NoteOf(LookupResult result, SafeguardPolicy policy, IReadOnlyList<RunningImage> running) =>
        result switch
        {
            ImageNotFound =>
                $"the registry has no such image (looked at {string.Join("; ", result.Looked)}). Push it first, or correct its name",
            NoStatement { Refused.Count: > 0 } => $"what was found was not used: {string.Join("; ", result.Refused)}",
            NoStatement => $"no signed statement was found (looked at {PlacesOf(result)}). "
                + AttestCommands.For(
                    $"{result.Image}",
                    policy.SignedOrigin,
                    AttestAdvice.WhereNoneIs(policy.SignedOrigin?.Roles ?? [], policy.SignedOrigin?.ReviewThreshold ?? 1, running)
                ),
            _ => "",
        };

    /// <summary>Each place once, and the digest not at all: the message begins with the image.</summary>
    private static string PlacesOf(LookupResult result)
    {
        const string Tag = "tag ";
        const string Of = " of ";
        var tags = result
            .Looked.Where(l => l.StartsWith(Tag, StringComparison.Ordinal))
            .Select(l => l[Tag.Length..l.LastIndexOf(": ", StringComparison.Ordinal)].Split(Of))
            .ToList();
        var repositories = tags.Select(t => t[^1]).Distinct().ToList();
        var images = tags.Select(t => t[0].Split('.')[0]).Distinct().Count();
        return repositories.Count == 0
            ? string.Join("; ", result.Looked)
            : "its referrers and the tags sha256-HEX, sha256-HEX.att and sha256-HEX.sig in "
                + string.Join(" and in ", repositories)
                + (images > 1 ? $", and those of {images - 1} of its platforms" : "");
    }

    /// <summary>Of the image, and of the images of its platforms that were looked at.</summary>
    public static IReadOnlyList<Digest> DigestsOf(LookupResult result) =>
        FactsOf(result) is { Platforms: { Count: > 0 } platforms }
            ? [result.Image.Digest, .. platforms.Select(p => p.Digest)]
            : [result.Image.Digest];

    /// <summary>The images of an index, each of which needs its statement where none is about the index.</summary>
    public static IReadOnlyList<PlatformImage> PlatformsOf(LookupResult result)
    {
        var facts = FactsOf(result);
        return facts is null
            ? []
            :
            [
                .. facts.Platforms.Select(p => new PlatformImage(
                    p.Platform.Length > 0 ? p.Platform : $"{p.Digest}",
                    p.Digest.Algorithm == "sha256" ? $"{p.Digest}" : s_unknown
                )),
                .. facts.PlatformsNotRead > 0
                    ? (PlatformImage[])[new PlatformImage($"{facts.PlatformsNotRead} further platforms", s_unknown)]
                    : [],
            ];
    }

    private static ImageFacts? FactsOf(LookupResult result) =>
        result switch
        {
            StatementsFound found => found.Facts,
            NoStatement none => none.Facts,
            _ => null,
        };
}
