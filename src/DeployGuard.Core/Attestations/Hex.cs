namespace DeployGuard.Core.Attestations;

/// <summary>Digests as text: lower-case hex, so that the same digest is always the same text.</summary>
internal static class Hex
{
    private const int Sha1Digits = 40;
    private const int Sha256Digits = 64;

    public static bool IsSha256(string text) => text.Length == Sha256Digits && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Of a git commit, in a repository of either hash.</summary>
    public static bool IsCommit(string text) => text.Length is Sha1Digits or Sha256Digits && text.All(char.IsAsciiHexDigitLower);

    /// <summary>git's name for no commit: what is before the first one.</summary>
    public static bool IsNoCommit(string text) => IsCommit(text) && text.All(c => c == '0');
}
