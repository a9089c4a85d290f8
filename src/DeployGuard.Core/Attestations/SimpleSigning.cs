using System.Text;
using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// What <c>cosign sign</c> up to version 2 signs of an image. It says that the key's holder signed these bytes, and nothing of how they
/// came to be.
/// </summary>
/// <param name="Reference">The repository that it was signed for. For display only.</param>
/// <param name="Digest">Of the image: 64 lower-case hex digits.</param>
public sealed record SimpleSigning(string Reference, string Digest)
{
    /// <summary>Of the layer, where cosign puts the signature of the payload, in base64.</summary>
    public const string SignatureAnnotation = "dev.cosignproject.cosign/signature";

    private const string Type = "cosign container image signature";
    private const string Prefix = "sha256:";
    private const int MaxBytes = 1 << 16;
    private const int MaxSignature = 4096;

    /// <summary>The bytes of a signature.</summary>
    /// <param name="signature">The annotation's value.</param>
    /// <exception cref="AttestationException">It is not base64.</exception>
    internal static byte[] Decode(string signature) =>
        signature.Length <= MaxSignature
            ? Base64Text.Decode(signature, SignatureAnnotation)
            : throw new AttestationException($"{SignatureAnnotation}: has {signature.Length} characters; the limit is {MaxSignature}");

    /// <param name="payload">Bytes that were verified.</param>
    /// <exception cref="AttestationException">They are no such payload.</exception>
    public static SimpleSigning Parse(ReadOnlyMemory<byte> payload)
    {
        var critical = StrictJson.Part(StrictJson.ReadObject(payload, MaxBytes, "payload"), "critical", "");
        if (StrictJson.Text(critical, "type", "critical.") is var type and not Type)
        {
            throw new AttestationException($"critical.type: \"{type}\" is not \"{Type}\"");
        }

        var image = StrictJson.Part(critical, "image", "critical.");
        var digest = StrictJson.Text(image, "docker-manifest-digest", "critical.image.");
        if (!digest.StartsWith(Prefix, StringComparison.Ordinal) || !Hex.IsSha256(digest[Prefix.Length..]))
        {
            throw new AttestationException("critical.image.docker-manifest-digest: is not sha256: and 64 lower-case hex digits");
        }

        var identity = StrictJson.Part(critical, "identity", "critical.");
        return new SimpleSigning(StrictJson.TextOrNull(identity, "docker-reference", "critical.identity.") ?? "", digest[Prefix.Length..]);
    }
}
