using System.Security.Cryptography;

namespace DeployGuard.Registry.References;

/// <summary>The digest of a manifest or blob, such as <c>sha256:9f86d0...</c>.</summary>
public sealed record Digest
{
    private const int LongestTagPart = 64;

    private Digest(string algorithm, string hex) => (Algorithm, Hex) = (algorithm, hex);

    /// <summary><c>sha256</c> or <c>sha512</c>.</summary>
    public string Algorithm { get; }

    /// <summary>In lower case.</summary>
    public string Hex { get; }

    /// <summary>How the fallback tag of the referrers API names it: <c>sha256-9f86d0...</c>.</summary>
    public string Tag => $"{Algorithm}-{Hex[..Math.Min(Hex.Length, LongestTagPart)]}";

    /// <summary>Null if the text is not a digest of an algorithm that registries must know.</summary>
    public static Digest? TryParse(string? text)
    {
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (text is null || colon < 0)
        {
            return null;
        }

        var (algorithm, hex) = (text[..colon], text[(colon + 1)..]);
        var length = algorithm switch
        {
            "sha256" => SHA256.HashSizeInBytes * 2,
            "sha512" => SHA512.HashSizeInBytes * 2,
            _ => -1,
        };
        return hex.Length == length && hex.All(char.IsAsciiHexDigitLower) ? new Digest(algorithm, hex) : null;
    }

    /// <summary>The SHA-256 digest of a content.</summary>
    public static Digest Of(ReadOnlySpan<byte> content) => new("sha256", Convert.ToHexStringLower(SHA256.HashData(content)));

    public bool IsOf(ReadOnlySpan<byte> content) =>
        Hex == Convert.ToHexStringLower(Algorithm == "sha512" ? SHA512.HashData(content) : SHA256.HashData(content));

    public override string ToString() => $"{Algorithm}:{Hex}";
}
