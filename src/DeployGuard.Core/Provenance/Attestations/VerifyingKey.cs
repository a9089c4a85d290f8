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

    /// <summary>Whether the signature is of this key, over what <see cref="PreAuthentication"/> made: ASN.1 DER, or r and s in 32 bytes each.</summary>
    public bool Verifies(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> signature) =>
        _key.VerifyData(encoded, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
        // A DER form can be 64 bytes long as well, so that the length alone does not tell.
        || (signature.Length == RawLength && _key.VerifyData(encoded, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    public void Dispose() => _key.Dispose();
}
