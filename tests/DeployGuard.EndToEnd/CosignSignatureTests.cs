using System.Security.Cryptography;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>What cosign signs, DeployGuard verifies, and the other way round.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class CosignSignatureTests
{
    /// <summary>Each type of key that cosign can import.</summary>
    [TestCaseSource(nameof(Keys))]
    public async Task WhatOneSignsTheOtherVerifies(string algorithm, string pem)
    {
        using var tools = await SigningTools.StartAsync(pem);
        using var source = await StartSourceAsync(tools);
        Assert.That(tools.Key.Public.Algorithm, Is.EqualTo(algorithm));

        foreach (var cosign in (int[])[2, 3])
        {
            var image = await source.ImageAsync($"attested by cosign {cosign}");
            await tools.AttestAsync(cosign, source.Name(image), Change('a', 'b'));
            await AssertVerifiesAsync(source, image, $"attested by cosign {cosign}");

            image = await source.ImageAsync($"signed by cosign {cosign}");
            await tools.SignAsync(cosign, source.Name(image));
            await AssertVerifiesAsync(source, image, $"signed by cosign {cosign}");
        }

        foreach (var isBundle in (bool[])[false, true])
        {
            var image = await source.ImageAsync($"attested by DeployGuard, {isBundle}");
            await (isBundle ? AttachBundleAsync(tools, source, image) : source.AttestAsync(image, Change('a', 'b')));
            await tools.VerifyAttestationAsync(2, source.Name(image), isBundle);
            await tools.VerifyAttestationAsync(3, source.Name(image), isBundle);
        }
    }

    /// <summary>Each byte, with some of its bits flipped (32: the case of a letter), and with all of them.</summary>
    [Test]
    public async Task ABundleOfThisRunWithAFlippedByteIsNeverVerified()
    {
        using var tools = await SigningTools.StartAsync();
        using var source = await StartSourceAsync(tools);
        var image = await tools.PushImageAsync($"{source.Repository}:flipped", "flipped");
        await tools.AttestAsync(3, source.Name(image), Change('a', 'b'));
        var found = await SourceLookup.FindAsync(source, image);
        var bundle = found.Statements.Single().Content.ToArray();

        Assert.That(found.Facts.Labels?["seed"], Is.EqualTo("flipped"));
        Assert.That(IsVerified(bundle), "without a change");
        List<string> verified = [];
        for (var at = 0; at < bundle.Length; at++)
        {
            foreach (var flip in (byte[])[1, 32, 128, 255])
            {
                bundle[at] ^= flip;
                if (IsVerified(bundle))
                {
                    verified.Add($"{at}: {(char)bundle[at]}");
                }

                bundle[at] ^= flip;
            }
        }

        Assert.That(verified, Is.Empty);

        bool IsVerified(byte[] content) =>
            AttestationVerifier
                .Verify([new FoundAttestation("here", AttestationFormat.Bundle, content)], SourceLookup.KeyOf(source))
                .Statements.Count > 0;
    }

    private static async Task<SignedSource> StartSourceAsync(SigningTools tools)
    {
        var source = await SignedSource.StartAsync(tools.Key, isPrivate: true);
        tools.LogIn(source.Host, source.Authority);
        return source;
    }

    private static async Task AttachBundleAsync(SigningTools tools, SignedSource source, Digest image)
    {
        var envelope = Signed(Change('a', 'b').About(Subject(image)), source.Forge);
        var bundle = tools.Write(SigstoreBundle.Of(envelope, source.Forge.Public).ToJson());
        string[] attach = ["attach", "--disable-path-validation", "--artifact-type", SigstoreBundle.MediaType];
        await tools.OrasAsync([.. attach, source.Name(image), $"{bundle}:{SigstoreBundle.MediaType}"]);
    }

    private static async Task AssertVerifiesAsync(SignedSource source, Digest image, string what)
    {
        var verification = await SourceLookup.VerifyAsync(source, image);
        Assert.That(verification.Findings.Select(f => f.What), Is.Empty, what);
        Assert.That(verification.Statements, Has.Count.EqualTo(1), what);
    }

    private static IEnumerable<TestCaseData<string, string>> Keys()
    {
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(3072);
        yield return Case("ECDSA P-256", p256.ExportPkcs8PrivateKeyPem());
        yield return Case("ECDSA P-384", p384.ExportPkcs8PrivateKeyPem());
        yield return Case("RSA 3072", rsa.ExportPkcs8PrivateKeyPem());
        // RFC 8410; the base class library cannot make one.
        byte[] head = [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        yield return Case("Ed25519", PemEncoding.WriteString("PRIVATE KEY", [.. head, .. RandomNumberGenerator.GetBytes(32)]));

        static TestCaseData<string, string> Case(string algorithm, string pem) =>
            new(algorithm, pem) { TestName = $"WhatOneSignsTheOtherVerifies({algorithm})" };
    }
}
