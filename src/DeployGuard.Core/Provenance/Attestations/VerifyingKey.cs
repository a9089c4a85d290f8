using System.Security.Cryptography;

namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>The public half of an ECDSA P-256 pair.</summary>
public sealed class VerifyingKey : IDisposable
{
    private const int RawLength = 64;

    private readonly ECDsa _key;

    /// <exception cref="AttestationException">The text holds no such key.</exception>
    public VerifyingKey(string pem)
    {
        _key = KeyFile.Read(pem, isPrivate: false);
        KeyId = KeyFile.IdOf(_key);
    }

    public string KeyId { get; }

    /// <summary>
    /// Whether this key signed the bytes of <see cref="PreAuthentication"/>. The signature is ASN.1 DER, or r and s in 32 bytes each.
    /// </summary>
    public bool Verifies(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> signature) =>
        _key.VerifyData(encoded, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
        // A DER signature can also have 64 bytes, so the length does not tell the form.
        || (
            signature.Length == RawLength
            && _key.VerifyData(encoded, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
        );

    public void Dispose() => _key.Dispose();
}
