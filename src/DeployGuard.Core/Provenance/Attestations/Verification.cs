namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>Verifies the signatures of an envelope. Read only the bytes that it returns.</summary>
public static class Verification
{
    /// <summary>The payload, for its type, once enough distinct keys have signed it.</summary>
    /// <param name="threshold">How many of the keys; two signatures of one key count once.</param>
    /// <exception cref="AttestationException">Too few of the keys signed it, or it is of another type.</exception>
    public static byte[] PayloadOf(Envelope envelope, string payloadType, IReadOnlyCollection<VerifyingKey> keys, int threshold = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        var encoded = PreAuthentication.Encode(envelope.PayloadType, envelope.Payload);
        // Counted by the id of the key: the id in the envelope is not signed.
        var signed = keys.Where(k => envelope.Signatures.Any(s => k.Verifies(encoded, s.Bytes))).Select(k => k.KeyId).Distinct().Count();
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
