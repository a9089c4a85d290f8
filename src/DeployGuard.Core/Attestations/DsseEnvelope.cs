using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// A DSSE 1.0.2 envelope. Do not trust its content before <see cref="Dsse.Verify"/> has checked a signature of a trusted key.
/// </summary>
public sealed record DsseEnvelope(string PayloadType, byte[] Payload, IReadOnlyList<DsseSignature> Signatures)
{
    /// <summary>Base64 adds a third, and the other fields are small.</summary>
    internal const int MaxBytes = 2 * Dsse.MaxPayload;

    /// <summary>Each signature is tried with each key.</summary>
    private const int MaxSignatures = 16;

    /// <exception cref="AttestationException">It is no envelope, or it exceeds a limit of size or depth.</exception>
    public static DsseEnvelope Parse(ReadOnlyMemory<byte> json) => Parse(StrictJson.ReadObject(json, MaxBytes, "envelope"), "");

    internal static DsseEnvelope Parse(JsonElement root, string path)
    {
        var payload = Base64Text.Decode(StrictJson.Text(root, "payload", path), $"{path}payload");
        if (payload.Length > Dsse.MaxPayload)
        {
            throw new AttestationException($"{path}payload: has {payload.Length} bytes; the limit is {Dsse.MaxPayload}");
        }

        return new DsseEnvelope(
            StrictJson.Text(root, "payloadType", path),
            payload,
            [.. StrictJson.Objects(root, "signatures", MaxSignatures, path).Select(s => ParseSignature(s.Item, s.Path))]
        );
    }

    /// <summary>The stored form: JSON in UTF-8, with standard base64.</summary>
    public byte[] ToJson() => StrictJson.Write(WriteTo);

    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteBase64String("payload", Payload);
        json.WriteString("payloadType", PayloadType);
        json.WriteStartArray("signatures");
        foreach (var signature in Signatures)
        {
            json.WriteStartObject();
            if (signature.KeyId is { } id)
            {
                json.WriteString("keyid", id);
            }

            json.WriteBase64String("sig", signature.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static DsseSignature ParseSignature(JsonElement signature, string path) =>
        new(StrictJson.TextOrNull(signature, "keyid", path), Base64Text.Decode(StrictJson.Text(signature, "sig", path), $"{path}sig"));
}

/// <param name="KeyId">A hint at the signer, for display; it decides nothing.</param>
public sealed record DsseSignature(string? KeyId, byte[] Value);
