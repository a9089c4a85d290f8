using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// A sigstore bundle v0.3 whose signature was made with a key: cosign 3 writes it. Fields that mean nothing here are refused, and the key that
/// it names must be the one that signed it, so that no byte of it can be changed without effect. What a transparency log or a timestamp
/// service added is not needed with a key, and is not read.
/// </summary>
/// <param name="Hint">The key that it names, as the bundle writes it.</param>
public sealed record SigstoreBundle(string? Hint, DsseEnvelope Envelope)
{
    public const string MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

    private const string OtherMediaType = "application/vnd.dev.sigstore.bundle+json;version=0.3";
    private const int MaxBytes = DsseEnvelope.MaxBytes + (1 << 16);
    private const string Material = "verificationMaterial.";

    /// <exception cref="AttestationException">It is no such bundle.</exception>
    public static SigstoreBundle Parse(ReadOnlyMemory<byte> json)
    {
        var root = StrictJson.ReadObject(json, MaxBytes, "bundle");
        if (json.Span.Contains((byte)'\\'))
        {
            // No field needs one, and its hex digits would have two forms.
            throw new AttestationException("bundle: contains an escape sequence");
        }

        StrictJson.NoOthers(root, "", "mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature");
        if (StrictJson.Text(root, "mediaType", "") is var type and not (MediaType or OtherMediaType))
        {
            throw new AttestationException($"mediaType: \"{type}\" is not {MediaType}");
        }

        if (root.TryGetProperty("messageSignature", out _))
        {
            throw new AttestationException("messageSignature: signs bytes, and makes no statement; use cosign attest");
        }

        return new SigstoreBundle(HintOf(StrictJson.Part(root, "verificationMaterial", "")), EnvelopeOf(root));
    }

    /// <summary>A bundle of an envelope that one key signed.</summary>
    public static SigstoreBundle Of(DsseEnvelope envelope, PublicKey signer) =>
        new(
            Convert.ToBase64String(signer.Fingerprint),
            envelope with
            {
                Signatures = [new DsseSignature(null, envelope.Signatures.Single().Value)],
            }
        );

    /// <summary>The stored form.</summary>
    public byte[] ToJson() =>
        StrictJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("mediaType", MediaType);
            json.WriteStartObject("verificationMaterial");
            json.WriteStartObject("publicKey");
            json.WriteString("hint", Hint);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WritePropertyName("dsseEnvelope");
            Envelope.WriteTo(json);
            json.WriteEndObject();
        });

    /// <summary>Whether everything in it that names a key names this one.</summary>
    internal bool Names(PublicKey key) => IsNamed(Hint, key) && Envelope.Signatures.All(s => IsNamed(s.KeyId, key));

    /// <summary>Whether a hint is the fingerprint of a key, in hex or base64. No hint fits every key.</summary>
    internal static bool IsNamed(string? hint, PublicKey key) =>
        string.IsNullOrEmpty(hint) || hint == key.KeyId || hint == Convert.ToBase64String(key.Fingerprint);

    private static string? HintOf(JsonElement material)
    {
        StrictJson.NoOthers(
            material,
            Material,
            "publicKey",
            "certificate",
            "x509CertificateChain",
            "tlogEntries",
            "timestampVerificationData"
        );
        foreach (var certificate in (string[])["certificate", "x509CertificateChain"])
        {
            if (material.TryGetProperty(certificate, out _))
            {
                throw new AttestationException(
                    $"{Material}{certificate}: a signature by certificate cannot be checked here"
                        + (HasTimestamp(material) ? "" : ", least of all without a timestamp: the certificate was valid for minutes")
                        + "; sign with a key"
                );
            }
        }

        var key = StrictJson.Part(material, "publicKey", Material);
        StrictJson.NoOthers(key, $"{Material}publicKey.", "hint");
        return StrictJson.TextOrNull(key, "hint", $"{Material}publicKey.");
    }

    private static bool HasTimestamp(JsonElement material) =>
        material.TryGetProperty("timestampVerificationData", out var data)
        && data.ValueKind is JsonValueKind.Object
        && data.TryGetProperty("rfc3161Timestamps", out var times)
        && times.ValueKind is JsonValueKind.Array
        && times.GetArrayLength() > 0;

    private static DsseEnvelope EnvelopeOf(JsonElement root)
    {
        const string Path = "dsseEnvelope.";
        var envelope = StrictJson.Part(root, "dsseEnvelope", "");
        StrictJson.NoOthers(envelope, Path, "payload", "payloadType", "signatures");
        var parsed = DsseEnvelope.Parse(envelope, Path);
        foreach (var (signature, path) in StrictJson.Objects(envelope, "signatures", parsed.Signatures.Count, Path))
        {
            StrictJson.NoOthers(signature, path, "keyid", "sig");
        }

        return parsed.Signatures.Count is 1
            ? parsed
            : throw new AttestationException($"{Path}signatures: has {parsed.Signatures.Count} items; a bundle has exactly one");
    }
}
