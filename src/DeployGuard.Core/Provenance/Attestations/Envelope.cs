using System.Buffers;
using System.Text.Json;

namespace DeployGuard.Core.Provenance.Attestations;

/// <summary>
/// A DSSE 1.0.2 envelope. Do not trust its content before <see cref="Verification"/> has checked a signature of a trusted key.
/// </summary>
public sealed record Envelope(string PayloadType, byte[] Payload, IReadOnlyList<EnvelopeSignature> Signatures)
{
    public const int MaxPayload = 1 << 20;

    /// <summary>Base64 adds a third, and the other fields are small.</summary>
    private const int MaxBytes = 2 * MaxPayload;
    private const int MaxSignatures = 32;

    /// <exception cref="AttestationException">It is no envelope, or it exceeds a limit of size or depth.</exception>
    public static Envelope Read(ReadOnlyMemory<byte> json)
    {
        var root = StrictJson.ReadObject(json, MaxBytes, "envelope");
        var payload = LenientBase64.Decode(StrictJson.Text(root, "payload", ""), "payload");
        if (payload.Length > MaxPayload)
        {
            throw new AttestationException($"payload: has {payload.Length} bytes; the limit is {MaxPayload}");
        }

        return new Envelope(
            StrictJson.Text(root, "payloadType", ""),
            payload,
            [.. StrictJson.Objects(root, "signatures", MaxSignatures).Select(s => ReadSignature(s.Item, s.Path))]
        );
    }

    /// <summary>The stored form: JSON in UTF-8, with standard base64.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBase64String("payload", Payload);
            json.WriteString("payloadType", PayloadType);
            json.WriteStartArray("signatures");
            foreach (var signature in Signatures)
            {
                json.WriteStartObject();
                json.WriteString("keyid", signature.KeyId);
                json.WriteBase64String("sig", signature.Bytes);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static EnvelopeSignature ReadSignature(JsonElement signature, string path) =>
        new(
            StrictJson.TextOrNull(signature, "keyid", path) ?? "",
            LenientBase64.Decode(StrictJson.Text(signature, "sig", path), $"{path}sig")
        );
}

/// <param name="KeyId">A hint at the signer, for display; it decides nothing.</param>
public sealed record EnvelopeSignature(string KeyId, byte[] Bytes);
