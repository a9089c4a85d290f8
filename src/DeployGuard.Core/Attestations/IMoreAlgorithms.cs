using System.Security.Cryptography;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// What keys may need and the base class library lacks. Core references that library alone, so the programs hand it in
/// (<c>DeployGuard.Cryptography</c>). Without it, keys that need it are refused with the reason.
/// </summary>
public interface IMoreAlgorithms
{
    /// <summary>Of the message, or of its SHA-512 (Ed25519ph without a context), which cosign 3 signs.</summary>
    /// <param name="publicKey">32 bytes.</param>
    bool VerifyEd25519(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    /// <param name="seed">The 32 bytes of the private key.</param>
    byte[] SignEd25519(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message);

    /// <summary>The public half of a private key.</summary>
    byte[] PublicEd25519(ReadOnlySpan<byte> seed);

    /// <summary>Decrypts a PKCS#8 structure, whatever the type of its key.</summary>
    /// <exception cref="CryptographicException">It cannot be decrypted with this password.</exception>
    byte[] DecryptPkcs8(byte[] encrypted, string password);

    /// <summary>Derives 32 bytes from a password.</summary>
    byte[] Scrypt(byte[] password, byte[] salt, int cost, int blockSize, int parallelization);

    /// <summary>Opens a secretbox of NaCl (XSalsa20 and Poly1305); null if it was not closed with this key.</summary>
    byte[]? OpenSecretBox(byte[] key, byte[] nonce, byte[] box);
}
