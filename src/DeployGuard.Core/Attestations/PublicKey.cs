using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// The public half of a pair: ECDSA P-256 or P-384, RSA with at least 2048 bits, or Ed25519. No other type is read, so that an attacker
/// cannot choose a weaker one. It may be used by several threads at once.
/// </summary>
public sealed class PublicKey
{
    private readonly KeyType _type;

    internal PublicKey(KeyType type)
    {
        _type = type;
        Fingerprint = SHA256.HashData(type.Spki);
        KeyId = Convert.ToHexStringLower(Fingerprint);
    }

    /// <summary>SHA-256 of the key as SubjectPublicKeyInfo, in hex: the same for both halves of a pair, and for every text of it.</summary>
    public string KeyId { get; }

    /// <summary>For people: <c>ECDSA P-256</c>.</summary>
    public string Algorithm => _type.Name;

    /// <summary>As it is given to others.</summary>
    public string Pem => PemEncoding.WriteString("PUBLIC KEY", _type.Spki);

    /// <summary>The bytes of <see cref="KeyId"/>; sigstore bundles name a key by them in base64.</summary>
    internal byte[] Fingerprint { get; }

    /// <inheritdoc cref="KeyType.Cost"/>
    internal int Cost => _type.Cost;

    /// <param name="pem">PEM with a block <c>PUBLIC KEY</c>, as cosign and openssl write it.</param>
    /// <param name="more">Without it, Ed25519 is refused.</param>
    /// <exception cref="AttestationException">The text holds no such key.</exception>
    public static PublicKey Parse(string pem, IMoreAlgorithms? more = null) =>
        PemText.Only(pem) switch
        {
            null => throw new AttestationException("holds no public key in PEM; write one with: openssl pkey -in KEY -pubout"),
            { IsPrivate: true } => throw new AttestationException(
                "holds a private key, which everybody who may read it here can sign with: replace that key, and write the public one with: "
                    + "openssl pkey -in KEY -pubout"
            ),
            { Label: "PUBLIC KEY", Bytes: var spki } => new PublicKey(KeyType.OfPublic(spki, more)),
            { Label: "CERTIFICATE" } => throw new AttestationException(
                "holds a certificate; write its public key with: openssl x509 -pubkey -noout"
            ),
            { Label: var other } => throw new AttestationException(
                $"holds {other}; write it as PUBLIC KEY with: openssl pkey -in KEY -pubout"
            ),
        };

    /// <summary>The <see cref="KeyId"/> of a key in its usual encoding; null if the text holds no public key.</summary>
    internal static string? IdOf(string pem) =>
        PemText.Only(pem) is { Label: "PUBLIC KEY", Bytes: var spki } ? Convert.ToHexStringLower(SHA256.HashData(spki)) : null;

    /// <summary>Whether this key signed the message.</summary>
    public bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => _type.Verifies(message, signature);
}
