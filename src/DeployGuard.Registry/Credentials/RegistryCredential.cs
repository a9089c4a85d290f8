using System.Security.Cryptography;
using System.Text;

namespace DeployGuard.Registry.Credentials;

/// <summary>A name and password, or a token, for one registry.</summary>
/// <param name="Source">Where it was found, for messages: <c>Secret shop/pull</c>.</param>
/// <param name="IdentityToken">Is exchanged for bearer tokens, in the place of a password.</param>
/// <param name="RegistryToken">Is sent as it is.</param>
public sealed record RegistryCredential(string Source, string? Username, string? Password, string? IdentityToken, string? RegistryToken)
{
    // Fingerprints are only compared within this process, and say nothing outside of it.
    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);

    /// <summary>No credential at all.</summary>
    public static RegistryCredential Anonymous { get; } = new("anonymous", null, null, null, null);

    internal bool IsAnonymous => Username is null && Password is null && IdentityToken is null && RegistryToken is null;

    /// <summary>The same for the same secrets. The secrets cannot be had from it.</summary>
    internal string Fingerprint =>
        Convert.ToHexStringLower(
            HMACSHA256.HashData(
                s_key,
                Encoding.UTF8.GetBytes(string.Join('|', ((string?[])[Username, Password, IdentityToken, RegistryToken]).Select(Part)))
            )
        );

    /// <summary>Names the source, and no secret.</summary>
    public override string ToString() => Source;

    private static string Part(string? text) => text is null ? "-" : $"{text.Length}:{text}";
}
