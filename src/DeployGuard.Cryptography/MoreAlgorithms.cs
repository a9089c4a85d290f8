using System.Security.Cryptography;
using DeployGuard.Core.Attestations;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;

namespace DeployGuard.Cryptography;

/// <summary>
/// Ed25519, PKCS#8 of any key type, and what cosign encrypts its keys with, by BouncyCastle. It is a project of its own because Core
/// references the base class library alone, and both programs need it.
/// </summary>
public sealed class MoreAlgorithms : IMoreAlgorithms
{
    private const int DerivedKeyLength = 32;

    /// <summary>No signature of one form fits a message in the other, so both may be tried.</summary>
    public bool VerifyEd25519(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != Ed25519.SignatureSize || publicKey.Length != Ed25519.PublicKeySize)
        {
            return false;
        }

        var (key, signed) = (publicKey.ToArray(), signature.ToArray());
        return Ed25519.Verify(signed, 0, key, 0, message.ToArray(), 0, message.Length)
            || Ed25519.VerifyPrehash(signed, 0, key, 0, [], SHA512.HashData(message), 0);
    }

    public byte[] SignEd25519(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(seed.ToArray(), 0, message.ToArray(), 0, message.Length, signature, 0);
        return signature;
    }

    public byte[] PublicEd25519(ReadOnlySpan<byte> seed)
    {
        var key = new byte[Ed25519.PublicKeySize];
        Ed25519.GeneratePublicKey(seed.ToArray(), 0, key, 0);
        return key;
    }

    public byte[] DecryptPkcs8(byte[] encrypted, string password)
    {
        try
        {
            var key = PrivateKeyFactory.DecryptKey(password.ToCharArray(), encrypted);
            return PrivateKeyInfoFactory.CreatePrivateKeyInfo(key).GetDerEncoded();
        }
        // What a wrong password makes of the bytes can be wrong in any of these ways.
        catch (Exception wrong)
            when (wrong is CryptoException or IOException or ArgumentException or InvalidCastException or SecurityUtilityException)
        {
            throw new CryptographicException("the key cannot be decrypted", wrong);
        }
    }

    public byte[] Scrypt(byte[] password, byte[] salt, int cost, int blockSize, int parallelization) =>
        SCrypt.Generate(password, salt, cost, blockSize, parallelization, DerivedKeyLength);

    public byte[]? OpenSecretBox(byte[] key, byte[] nonce, byte[] box) => SecretBox.Open(key, nonce, box);
}
