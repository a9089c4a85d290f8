using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>
/// What cosign 2.5.0 and 3.1.1 wrote with one key about one image (<c>attest --type https://deployguard.io/change/v1</c> and <c>sign</c>), as
/// it lay in a registry.
/// </summary>
public class CosignTests
{
    private const string Digest = "sha256:583401dfb0f4806a2c0ec08a5706b44ec43ce08adab993e4cbfda384a5c6377e";
    private const string DsseType = "application/vnd.dsse.envelope.v1+json";
    private const string SimpleType = "application/vnd.dev.cosign.simplesigning.v1+json";

    [TestCase("cosign2-attest.dsse.json", DsseType)]
    [TestCase("cosign3-attest.bundle.json", SigstoreBundle.MediaType)]
    public void AChangeStatementThatCosignSignedCounts(string file, string mediaType)
    {
        var result = Evaluate(Found(file, mediaType));
        Assert.That((result.Origin, result.Missing, result.Findings.Count), Is.EqualTo((OriginVerdict.NotAi, (MissingLink?)null, 0)));
        Assert.That(result.Reviews.Single().Person, Is.EqualTo("github:2002"));
    }

    [TestCase("cosign2-sign.payload.json", SimpleType)]
    [TestCase("cosign3-sign.bundle.json", SigstoreBundle.MediaType)]
    public void ASignatureOfCosignIsASignatureAndNoMore(string file, string mediaType)
    {
        var result = Evaluate(Found(file, mediaType));
        Assert.That((result.SignedBy.Single(), result.Missing?.Kind), Is.EqualTo(("review", LinkKind.HeadCommit)));
        Assert.That(result.Findings, Is.Empty);
    }

    [TestCase("cosign3-attest.bundle.json")]
    [TestCase("cosign3-sign.bundle.json")]
    public void ABundleOfCosignWithAFlippedByteIsNeverVerified(string file)
    {
        var bundle = File.ReadAllBytes(At(file));
        var keys = Keys();
        var verified = Enumerable
            .Range(0, bundle.Length)
            .Where(at =>
            {
                var altered = (byte[])bundle.Clone();
                altered[at] ^= 32;
                return AttestationVerifier.Verify([new("here", AttestationFormat.Bundle, altered)], keys).Statements.Count > 0;
            });
        Assert.That(verified, Is.Empty);
    }

    private static ImageProvenance Evaluate(FoundAttestation found) =>
        OriginEvaluator.Evaluate(
            Stated.Question() with
            {
                Image = new JudgedImage(Digest),
            },
            AttestationVerifier.Verify([found], Keys()),
            Some.Now
        );

    private static FoundAttestation Found(string file, string mediaType)
    {
        var annotations = new Dictionary<string, string>
        {
            [SimpleSigning.SignatureAnnotation] = File.ReadAllText(At("cosign2-sign.signature")).Trim(),
        };
        return FoundAttestation.Of(file, mediaType, File.ReadAllBytes(At(file)), annotations)
            ?? throw new ArgumentException(mediaType, nameof(mediaType));
    }

    private static KeySet Keys() =>
        KeySet.Of(new TrustedKey("review", KeyRole.SourceReview, PublicKey.Parse(File.ReadAllText(At("cosign.pub")))));

    private static string At(string file) => Path.Combine(TestContext.CurrentContext.TestDirectory, "Attestations", "Recorded", file);
}
