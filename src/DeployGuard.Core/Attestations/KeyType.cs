using System.Formats.Asn1;
using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// An algorithm and a public key. Keys are imported for each use: the library's key objects may not be used by several threads at once,
/// and verified statements are kept.
/// </summary>
/// <param name="Name">For people: <c>ECDSA P-256</c>.</param>
/// <param name="Spki">The public key as SubjectPublicKeyInfo, in its one canonical encoding.</param>
internal abstract record KeyType(string Name, byte[] Spki)
{
    private const string Ecdsa = "1.2.840.10045.2.1";
    private const string Rsa = "1.2.840.113549.1.1.1";

    /// <summary>What a check takes, as a multiple of one with P-256.</summary>
    public virtual int Cost => 1;

    public abstract bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    /// <param name="pkcs8">The private half, unencrypted.</param>
    public abstract byte[] Sign(byte[] pkcs8, ReadOnlySpan<byte> message);

    /// <param name="spki">SubjectPublicKeyInfo in DER.</param>
    /// <exception cref="AttestationException">No key of a supported type.</exception>
    public static KeyType OfPublic(byte[] spki, IMoreAlgorithms? more) =>
        Reading(() =>
            AlgorithmOf(spki, isPrivate: false) switch
            {
                Ecdsa => EcdsaKey.FromSpki(spki),
                Rsa => RsaKey.FromSpki(spki),
                Ed25519Key.Algorithm => Ed25519Key.FromSpki(spki, Ed25519Key.Need(more)),
                var other => throw Unsupported(other),
            }
        );

    /// <param name="pkcs8">The private half in PKCS#8, unencrypted.</param>
    /// <exception cref="AttestationException">No key of a supported type.</exception>
    public static KeyType OfPrivate(byte[] pkcs8, IMoreAlgorithms? more) =>
        Reading(() =>
            AlgorithmOf(pkcs8, isPrivate: true) switch
            {
                Ecdsa => EcdsaKey.FromPkcs8(pkcs8),
                Rsa => RsaKey.FromPkcs8(pkcs8),
                Ed25519Key.Algorithm => Ed25519Key.FromPkcs8(pkcs8, Ed25519Key.Need(more)),
                var other => throw Unsupported(other),
            }
        );

    private static KeyType Reading(Func<KeyType> read)
    {
        try
        {
            return read();
        }
        catch (Exception wrong) when (wrong is CryptographicException or AsnContentException)
        {
            throw new AttestationException($"holds no key that could be read: {wrong.Message}", wrong);
        }
    }

    private static string AlgorithmOf(byte[] der, bool isPrivate)
    {
        var key = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        if (isPrivate)
        {
            key.ReadInteger();
        }

        return key.ReadSequence().ReadObjectIdentifier();
    }

    private static AttestationException Unsupported(string algorithm) =>
        new(
            $"is a key of an unsupported type ({algorithm}); "
                + $"use ECDSA on P-256 or P-384, RSA with at least {RsaKey.MinBits} bits, or Ed25519"
        );
}
