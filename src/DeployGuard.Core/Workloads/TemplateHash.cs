using System.Security.Cryptography;
using System.Text;

namespace DeployGuard.Core.Workloads;

/// <summary>The text form of a template hash: a version, and 64 lower-case hex digits.</summary>
public static class TemplateHash
{
    /// <summary>The prefix that this version writes.</summary>
    public const string Prefix = "v2:";

    /// <summary>
    /// The prefix that DeployGuard 0.2 wrote. Records with it are read until they expire or the leader hashes them again.
    /// </summary>
    public const string LegacyPrefix = "v1:";

    private const int Digits = 64;

    public static bool IsLegacy(string? hash) => hash is not null && hash.StartsWith(LegacyPrefix, StringComparison.Ordinal);

    /// <summary>The digits without the version; the whole text if it has no version.</summary>
    public static string DigitsOf(string hash) =>
        hash.StartsWith(Prefix, StringComparison.Ordinal) || IsLegacy(hash) ? hash[Prefix.Length..] : hash;

    /// <summary>Whether a text has the form of the digits after the version.</summary>
    public static bool AreDigits(string text) => text.Length == Digits && text.All(char.IsAsciiHexDigitLower);

    /// <summary>
    /// The hash of a template together with its volume claim templates. A ControllerRevision contains only the pod template; combined with
    /// its owner's claims it has the same hash as the owner.
    /// </summary>
    /// <param name="templateHash">The hash of the pod template alone.</param>
    /// <param name="claimsDigest">64 hex digits; empty if the workload has no claims.</param>
    public static string WithClaims(string templateHash, string claimsDigest) =>
        claimsDigest.Length == 0 ? templateHash : Prefix + Digest(Encoding.ASCII.GetBytes($"{DigitsOf(templateHash)}{claimsDigest}"));

    internal static string Of(ReadOnlySpan<byte> canonical) => Prefix + Digest(canonical);

    internal static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
