using System.Text;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>How an attestation is written.</summary>
public enum AttestationFormat
{
    /// <summary>A bare envelope: cosign 2, and the annotation on a workload.</summary>
    Dsse,

    /// <summary>cosign 3.</summary>
    Bundle,

    /// <summary>The signatures of cosign 2.</summary>
    SimpleSigning,
}

/// <summary>An attestation as it was found. Nothing in it is known to be true.</summary>
/// <param name="Place">Where, for messages.</param>
/// <param name="Signature">Of <see cref="AttestationFormat.SimpleSigning"/>: it lies beside the payload.</param>
public sealed record FoundAttestation(string Place, AttestationFormat Format, ReadOnlyMemory<byte> Content, string? Signature = null)
{
    /// <summary>What an annotation of a workload holds: an envelope, or a bundle around one.</summary>
    public static FoundAttestation OfAnnotation(string place, string text) =>
        new(
            place,
            text.Contains("\"dsseEnvelope\"", StringComparison.Ordinal) ? AttestationFormat.Bundle : AttestationFormat.Dsse,
            Encoding.UTF8.GetBytes(text)
        );

    /// <summary>
    /// Whether a text stands in what it says it signs. That is not verified: enough to decide whether to look, and for nothing else.
    /// </summary>
    public bool Mentions(string text)
    {
        try
        {
            var envelope = Format is AttestationFormat.Bundle ? SigstoreBundle.Parse(Content).Envelope : DsseEnvelope.Parse(Content);
            return envelope.Payload.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
        }
        catch (AttestationException)
        {
            // What cannot be read names nothing. It is a finding where it is looked up.
            return false;
        }
    }

    /// <summary>What a layer of a registry holds; null if it is no attestation of a form that is read.</summary>
    public static FoundAttestation? Of(
        string place,
        string mediaType,
        ReadOnlyMemory<byte> content,
        IReadOnlyDictionary<string, string> annotations
    ) =>
        mediaType switch
        {
            "application/vnd.dsse.envelope.v1+json" => new FoundAttestation(place, AttestationFormat.Dsse, content),
            "application/vnd.dev.cosign.simplesigning.v1+json" => new FoundAttestation(
                place,
                AttestationFormat.SimpleSigning,
                content,
                annotations.GetValueOrDefault(SimpleSigning.SignatureAnnotation)
            ),
            _ when mediaType.StartsWith("application/vnd.dev.sigstore.bundle", StringComparison.Ordinal) => new FoundAttestation(
                place,
                AttestationFormat.Bundle,
                content
            ),
            _ => null,
        };
}
