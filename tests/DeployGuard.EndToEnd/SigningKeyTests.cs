using System.Security.Cryptography;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Each type of key that cosign can import: what both versions of cosign sign with it verifies in DeployGuard, and what DeployGuard signs
/// verifies with both.
/// </summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SigningKeyTests
{
    [TestCaseSource(nameof(Keys))]
    public async Task WhatOneSignsTheOtherVerifies(string algorithm, string pem)
    {
        using var tools = await SigningTools.StartAsync(pem);
        using var source = await SignedSource.StartAsync(tools.Key, isPrivate: true);
        tools.LogIn(source.Host, source.Authority);
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

        var ours = await source.ImageAsync("attested by DeployGuard");
        await source.AttestAsync(ours, Change('a', 'b'));
        await tools.VerifyAttestationAsync(2, source.Name(ours), isBundle: false);
        await tools.VerifyAttestationAsync(3, source.Name(ours), isBundle: false);
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
