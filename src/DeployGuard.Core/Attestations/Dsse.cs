using System.Text;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// DSSE 1.0.2: signs and verifies envelopes. Verify first, then read only the bytes that <see cref="Verify"/> returns.
/// </summary>
public static class Dsse
{
    public const int MaxPayload = 1 << 20;

    /// <summary>
    /// What is signed: <c>DSSEv1 LEN(type) type LEN(body) body</c>; lengths count bytes, in ASCII decimal. The type is signed with the
    /// body, so that bytes signed as one thing cannot pass as another.
    /// </summary>
    public static byte[] Pae(string payloadType, ReadOnlySpan<byte> payload)
    {
        var head = Encoding.UTF8.GetBytes($"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {payload.Length} ");
        return [.. head, .. payload];
    }

    /// <summary>An envelope with exactly these bytes, and a signature of each key.</summary>
    /// <exception cref="AttestationException">The payload is larger than <see cref="MaxPayload"/>.</exception>
    public static DsseEnvelope Sign(string payloadType, byte[] payload, params IReadOnlyCollection<SigningKey> keys)
    {
        if (payload.Length > MaxPayload)
        {
            throw new AttestationException($"payload: has {payload.Length} bytes; the limit is {MaxPayload}");
        }

        var pae = Pae(payloadType, payload);
        return new DsseEnvelope(payloadType, payload, [.. keys.Select(k => new DsseSignature(k.Public.KeyId, k.Sign(pae)))]);
    }

    /// <summary>Those of the keys that signed the envelope, each once. The keyid of a signature is not signed, and decides nothing.</summary>
    public static IReadOnlyList<PublicKey> SignersOf(DsseEnvelope envelope, IEnumerable<PublicKey> keys)
    {
        var pae = Pae(envelope.PayloadType, envelope.Payload);
        return [.. keys.DistinctBy(k => k.KeyId).Where(k => envelope.Signatures.Any(s => k.Verifies(pae, s.Value)))];
    }

    /// <summary>The payload, for its type, once enough distinct keys have signed it.</summary>
    /// <param name="threshold">How many of the keys; two signatures of one key count once.</param>
    /// <exception cref="AttestationException">Too few of the keys signed it, or it is of another type.</exception>
    public static byte[] Verify(DsseEnvelope envelope, string payloadType, IReadOnlyCollection<PublicKey> keys, int threshold = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        var signed = SignersOf(envelope, keys).Count;
        if (signed < threshold)
        {
            throw new AttestationException(
                threshold == 1
                    ? $"signatures: none of {envelope.Signatures.Count} is by the given key{(keys.Count == 1 ? "" : "s")} over this payload"
                    : $"signatures: {signed} of {threshold} required keys signed this payload"
            );
        }

        return envelope.PayloadType == payloadType
            ? envelope.Payload
            : throw new AttestationException($"payloadType: \"{envelope.PayloadType}\" is not {payloadType}");
    }
}
