using System.Security.Cryptography;

namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>The private half of an ECDSA P-256 pair.</summary>
public sealed class SigningKey : IDisposable
{
    private readonly ECDsa _key;

    /// <exception cref="AttestationException">The text holds no such key.</exception>
    public SigningKey(string pem)
    {
        _key = KeyFile.Read(pem, isPrivate: true);
        KeyId = KeyFile.IdOf(_key);
    }

    public string KeyId { get; }

    /// <summary>An envelope with exactly these bytes, and one signature in ASN.1 DER, as cosign writes it.</summary>
    /// <exception cref="AttestationException">The payload is larger than <see cref="Envelope.MaxPayload"/>.</exception>
    public Envelope Sign(string payloadType, byte[] payload)
    {
        if (payload.Length > Envelope.MaxPayload)
        {
            throw new AttestationException($"payload: has {payload.Length} bytes; the limit is {Envelope.MaxPayload}");
        }

        var signature = _key.SignData(
            PreAuthentication.Encode(payloadType, payload),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.Rfc3279DerSequence
        );
        return new Envelope(payloadType, payload, [new EnvelopeSignature(KeyId, signature)]);
    }

    public void Dispose() => _key.Dispose();
}
