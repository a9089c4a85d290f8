using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>ECDSA on P-256 or P-384. Named curves alone: with parameters of its own, a key could verify for another.</summary>
internal sealed record EcdsaKey(string Name, byte[] Spki, int FieldBytes) : KeyType(Name, Spki)
{
    private const string P256 = "1.2.840.10045.3.1.7";
    private const string P384 = "1.3.132.0.34";
    private const int FieldOfP384 = 48;

    /// <summary>Tag and length of a sequence and two integers, and a zero before each.</summary>
    private const int DerOverhead = 9;

    /// <summary>cosign 2 hashes with SHA-256 on every curve; cosign 3 and other tools use the hash of the curve's size.</summary>
    private HashAlgorithmName[] Hashes =>
        FieldBytes == FieldOfP384 ? [HashAlgorithmName.SHA256, HashAlgorithmName.SHA384] : [HashAlgorithmName.SHA256];

    /// <summary>With P-384 a check is slower by itself, and done once for each of two hashes.</summary>
    public override int Cost => FieldBytes == FieldOfP384 ? 4 : 1;

    public static EcdsaKey FromSpki(byte[] spki)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(spki, out var read);
        return read == spki.Length ? Of(key) : throw new AttestationException("holds bytes after the key");
    }

    public static EcdsaKey FromPkcs8(byte[] pkcs8)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return Of(key);
    }

    /// <summary>The signature is ASN.1 DER, or r and s in the field's size each. A DER signature can have that length too.</summary>
    public override bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        var isDer = signature.Length <= (2 * FieldBytes) + DerOverhead && signature.StartsWith((ReadOnlySpan<byte>)[0x30]);
        var isRaw = signature.Length == 2 * FieldBytes;
        if (!isDer && !isRaw)
        {
            return false;
        }

        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Spki, out _);
        foreach (var hash in Hashes)
        {
            if (
                (isDer && key.VerifyData(message, signature, hash, DSASignatureFormat.Rfc3279DerSequence))
                || (isRaw && key.VerifyData(message, signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
            )
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>ASN.1 DER over SHA-256, as cosign writes it.</summary>
    public override byte[] Sign(byte[] pkcs8, ReadOnlySpan<byte> message)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static EcdsaKey Of(ECDsa key) =>
        key.ExportParameters(includePrivateParameters: false).Curve switch
        {
            { IsNamed: true, Oid.Value: P256 } => new EcdsaKey("ECDSA P-256", key.ExportSubjectPublicKeyInfo(), 32),
            { IsNamed: true, Oid.Value: P384 } => new EcdsaKey("ECDSA P-384", key.ExportSubjectPublicKeyInfo(), FieldOfP384),
            var other => throw new AttestationException(
                $"is an unsupported key, on the curve {(other.IsNamed ? other.Oid.FriendlyName : "of its own parameters")}; "
                    + "use P-256 or P-384"
            ),
        };
}
