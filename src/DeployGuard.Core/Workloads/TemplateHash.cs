using System.Security.Cryptography;
using System.Text;

namespace DeployGuard.Core.Workloads;

/// <summary>The written forms of a template's hash: a version, and 64 lower-case hex digits.</summary>
public static class TemplateHash
{
    /// <summary>What this version writes.</summary>
    public const string Prefix = "v2:";

    /// <summary>
    /// What DeployGuard 0.2 wrote. Records under it are read until they have expired, or the leader has hashed them again.
    /// </summary>
    public const string LegacyPrefix = "v1:";

    private const int Digits = 64;

    public static bool IsLegacy(string? hash) => hash is not null && hash.StartsWith(LegacyPrefix, StringComparison.Ordinal);

    /// <summary>The digits alone; the text itself where it names no version.</summary>
    public static string DigitsOf(string hash) =>
        hash.StartsWith(Prefix, StringComparison.Ordinal) || IsLegacy(hash) ? hash[Prefix.Length..] : hash;

    /// <summary>Whether a text is one of the digits that follow a version.</summary>
    public static bool AreDigits(string text) => text.Length == Digits && text.All(char.IsAsciiHexDigitLower);

    /// <summary>
    /// The hash of a template with the claims beside it. A ControllerRevision holds the template alone; with the claims of its owner
    /// it hashes as its owner did.
    /// </summary>
    /// <param name="templateHash">Of the template alone.</param>
    /// <param name="claimsDigest">64 hex digits; empty where the workload makes no claims.</param>
    public static string WithClaims(string templateHash, string claimsDigest) =>
        claimsDigest.Length == 0 ? templateHash : Prefix + Digest(Encoding.ASCII.GetBytes($"{DigitsOf(templateHash)}{claimsDigest}"));

    internal static string Of(ReadOnlySpan<byte> canonical) => Prefix + Digest(canonical);

    internal static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
