using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>RSA with SHA-256. A signature has PKCS#1 v1.5 padding, as cosign writes it, or PSS with a salt as long as the hash.</summary>
internal sealed record RsaKey(string Name, byte[] Spki, int Bytes) : KeyType(Name, Spki)
{
    public const int MinBits = 2048;

    public static RsaKey FromSpki(byte[] spki)
    {
        using var key = RSA.Create();
        key.ImportSubjectPublicKeyInfo(spki, out var read);
        return read == spki.Length ? Of(key) : throw new AttestationException("holds bytes after the key");
    }

    public static RsaKey FromPkcs8(byte[] pkcs8)
    {
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return Of(key);
    }

    public override bool Verifies(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Bytes)
        {
            return false;
        }

        using var key = RSA.Create();
        key.ImportSubjectPublicKeyInfo(Spki, out _);
        return key.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            || key.VerifyData(message, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
    }

    public override byte[] Sign(byte[] pkcs8, ReadOnlySpan<byte> message)
    {
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return key.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private static RsaKey Of(RSA key) =>
        key.KeySize >= MinBits
            ? new RsaKey($"RSA {key.KeySize}", key.ExportSubjectPublicKeyInfo(), (key.KeySize + 7) / 8)
            : throw new AttestationException($"is an unsupported key: RSA with {key.KeySize} bits; use at least {MinBits}");
}
