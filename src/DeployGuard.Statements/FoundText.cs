using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Statements;

/// <summary>What a lookup's result means for the decision and for its message.</summary>
public static class FoundText
{
    /// <summary>No image has this digest: a platform of which nothing is known is covered by no statement about platforms.</summary>
    private static readonly string s_unknown = $"sha256:{new string('0', 64)}";

    /// <summary>Why it could not be said, and what was tried.</summary>
    public static string Of(Unavailable result) =>
        result.Message
        + (result.Looked.Count > 0 ? $" (looked at {string.Join("; ", result.Looked)})" : "")
        + (result.CredentialsTried.Count > 0 ? $" (with {string.Join(", ", result.CredentialsTried)})" : "");

    /// <summary>What the requester should know of a result without statements; empty if there are some.</summary>
    public static string NoteOf(LookupResult result) =>
        result switch
        {
            ImageNotFound => $"the registry has no such image (looked at {string.Join("; ", result.Looked)})",
            NoStatement { Refused.Count: > 0 } => $"what was found was not used: {string.Join("; ", result.Refused)}",
            NoStatement => $"no signed statement was found (looked at {string.Join("; ", result.Looked)})",
            _ => "",
        };

    /// <summary>The images of an index, each of which needs its statement where none is about the index.</summary>
    public static IReadOnlyList<PlatformImage> PlatformsOf(LookupResult result)
    {
        var facts = result switch
        {
            StatementsFound found => found.Facts,
            NoStatement none => none.Facts,
            _ => null,
        };
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
}
