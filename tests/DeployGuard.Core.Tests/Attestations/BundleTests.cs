using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>Sigstore bundles and simple signing: what is read, and that no byte can be changed.</summary>
public class BundleTests
{
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);

    [Test]
    public void ABundleWithAKeyAndWithoutATimestampIsVerified()
    {
        var verification = Verify(Bundle());
        Assert.That(verification.Findings, Is.Empty);
        Assert.That(verification.Statements.Single().Claim, Is.TypeOf<ChangeClaim>());
    }

    /// <summary>Each byte of the file, with some of its bits flipped (32: the case of a letter), and with all of them.</summary>
    [Test]
    public void ABundleWithAFlippedByteIsNeverVerified()
    {
        var bundle = Bundle();
        List<string> verified = [];
        for (var at = 0; at < bundle.Length; at++)
        {
            foreach (var flip in (byte[])[1, 4, 32, 128, 255])
            {
                var altered = (byte[])bundle.Clone();
                altered[at] ^= flip;
                if (Verify(altered).Statements.Count > 0)
                {
                    verified.Add($"{at}: {(char)bundle[at]} -> {(char)altered[at]}");
                }
            }
        }

        Assert.That(verified, Is.Empty);
    }

    [Test]
    public void AnAlteredPayloadIsToldFromAWrongKeyByWhatTheBundleNames()
    {
        var bundle = SigstoreBundle.Parse(Bundle());
        var payload = (byte[])bundle.Envelope.Payload.Clone();
        payload[^2] ^= 1;
        var altered = (bundle with { Envelope = bundle.Envelope with { Payload = payload } }).ToJson();
        var stranger = new Signer("stranger", KeyRole.SourceReview).Bundle(Stated.Change().About(Stated.Image()));

        Assert.Multiple(() =>
        {
            Assert.That(Verify(altered).Findings.Single().Kind, Is.EqualTo(FindingKind.Altered));
            Assert.That(Verify(altered).Findings.Single().What, Does.Contain("names review as its key"));
            Assert.That(Verify(stranger).Findings.Single().Kind, Is.EqualTo(FindingKind.WrongKey));
            Assert.That(Verify(stranger).Findings.Single().What, Does.Contain("none of the trusted keys (review)"));
        });
    }

    [TestCase(
        """{"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1"}""",
        "mediaType: \"application/vnd.dev.sigstore.bundle+json;version=0.1\" is not"
    )]
    [TestCase("""{"mediaType": "TYPE", "messageSignature": {}}""", "messageSignature: signs bytes, and makes no statement")]
    [TestCase("""{"mediaType": "TYPE"}""", "verificationMaterial: is missing, or not an object")]
    [TestCase(
        """{"mediaType": "TYPE", "verificationMaterial": {"publicKey": {"hint": "\u0061"}}}""",
        "bundle: contains an escape sequence"
    )]
    [TestCase("""{"mediaType": "TYPE", "extra": 1}""", "extra: is no field that is known here")]
    [TestCase(
        """{"mediaType": "TYPE", "verificationMaterial": {"certificate": {"rawBytes": "AA=="}}}""",
        "verificationMaterial.certificate: a signature by certificate cannot be checked here, least of all without a timestamp"
    )]
    [TestCase(
        """{"mediaType": "TYPE", "verificationMaterial": {"publicKey": {}, "x509CertificateChain": {}}}""",
        "verificationMaterial.x509CertificateChain: a signature by certificate cannot be checked here"
    )]
    [TestCase("""{"mediaType": "TYPE", "verificationMaterial": {"publicKey": {}}}""", "dsseEnvelope: is missing, or not an object")]
    [TestCase(
        """{"mediaType": "TYPE", "verificationMaterial": {"publicKey": {}}, "dsseEnvelope": {"payload": "YQ==", "payloadType": "t", "signatures": [{"sig": "YQ=="}, {"sig": "YQ=="}]}}""",
        "dsseEnvelope.signatures: has 2 items; a bundle has exactly one"
    )]
    public void AnotherBundleIsRefused(string json, string message)
    {
        var bundle = Encoding.UTF8.GetBytes(json.Replace("TYPE", SigstoreBundle.MediaType, StringComparison.Ordinal));
        Assert.That(() => SigstoreBundle.Parse(bundle), Throws.TypeOf<AttestationException>().With.Message.StartsWith(message));
        Assert.That(Verify(bundle).Findings.Single().Kind, Is.EqualTo(FindingKind.Unreadable));
    }

    [Test]
    public void ABundleWithALogEntryIsVerifiedWithoutIt()
    {
        var text = Encoding
            .UTF8.GetString(Bundle())
            .Replace("\"publicKey\":", "\"tlogEntries\":[{\"logIndex\":\"1\"}],\"publicKey\":", StringComparison.Ordinal);
        Assert.That(Verify(Encoding.UTF8.GetBytes(text)).Statements, Has.Count.EqualTo(1));
    }

    [Test]
    public void ASignatureOfCosignTwoNamesTheImageAndItsKey()
    {
        var (payload, signature) = s_review.SimpleSigning(Stated.Digest);
        var verification = AttestationVerifier.Verify(
            [new("here", AttestationFormat.SimpleSigning, payload, signature)],
            KeySet.Of(s_review.Trusted)
        );

        Assert.That(verification.Statements.Single().Claim, Is.TypeOf<SignatureClaim>());
        Assert.That(verification.Statements.Single().Subjects.Single().Sha256, Is.EqualTo(Stated.Digest));
    }

    [Test]
    public void ASignatureOfCosignTwoOverOtherBytesIsRefused()
    {
        var (payload, signature) = s_review.SimpleSigning(Stated.Digest);
        payload[^3] ^= 1;
        var verification = AttestationVerifier.Verify(
            [
                new("here", AttestationFormat.SimpleSigning, payload, signature),
                new("there", AttestationFormat.SimpleSigning, payload),
                new("elsewhere", AttestationFormat.SimpleSigning, payload, "***"),
            ],
            KeySet.Of(s_review.Trusted)
        );

        Assert.That(verification.Statements, Is.Empty);
        Assert.That(
            verification.Findings.Select(f => f.Kind),
            Is.EqualTo(new[] { FindingKind.WrongKey, FindingKind.Unreadable, FindingKind.Unreadable })
        );
    }

    [Test]
    public void AnEnvelopeIsNoSimpleSigning()
    {
        var payload = """{"critical": {"type": "atomic container signature", "image": {}, "identity": {}}}"""u8.ToArray();
        Assert.That(
            () => SimpleSigning.Parse(payload),
            Throws.TypeOf<AttestationException>().With.Message.StartsWith("critical.type: \"atomic container signature\" is not")
        );
    }

    private static byte[] Bundle() => s_review.Bundle(Stated.Change().About(Stated.Image()));

    private static Verification Verify(byte[] bundle) =>
        AttestationVerifier.Verify([new("here", AttestationFormat.Bundle, bundle)], KeySet.Of(s_review.Trusted));
}
