using System.Security.Cryptography;

namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>
/// Keys in PEM: ECDSA on P-256, as cosign and openssl write them unencrypted. No other type is read, so that an attacker cannot choose a
/// weaker one.
/// </summary>
internal static class KeyFile
{
    private const string P256 = "1.2.840.10045.3.1.7";

    /// <exception cref="AttestationException">The text holds no such key.</exception>
    public static ECDsa Read(string pem, bool isPrivate)
    {
        var holdsPrivate = pem.Contains("PRIVATE KEY-----", StringComparison.Ordinal);
        if (isPrivate && !holdsPrivate)
        {
            throw new AttestationException("holds no private key in PEM; create one with: openssl ecparam -name prime256v1 -genkey -noout");
        }

        if (!isPrivate && holdsPrivate)
        {
            throw new AttestationException("holds a private key; use the public key to verify: openssl ec -pubout");
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            return key.ExportParameters(false).Curve.Oid.Value == P256
                ? key
                : throw new AttestationException("is not a key on the curve P-256");
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new AttestationException($"holds no ECDSA P-256 key in PEM that could be read: {wrong.Message}", wrong);
        }
        catch (AttestationException)
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>SHA-256 of the public key as SubjectPublicKeyInfo, in hex: the same for both halves of a pair.</summary>
    public static string IdOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
}
