using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Tests;

/// <summary>What the commands of remedies take from the policy, so that they run as they are printed.</summary>
public class AttestCommandsTests
{
    private const string Image = "registry.example.com:5000/shop/web@sha256:1";
    private const string Remedy = $"deployguard attest {AttestAdvice.Ref} --push {AttestAdvice.Beside}.";
    private const string Other = "https://github.com/acme/other";

    private static readonly OriginSource s_web = new(
        ["registry.example.com:5000/shop/*"],
        "https://github.com/acme/web",
        ["refs/heads/main"]
    );

    [Test]
    public void TheOneRefAndRepositoryAndTheProtocolAreFilledIn() =>
        Assert.That(
            AttestCommands.For(Image, Origin(isPlain: true, s_web), Remedy),
            Is.EqualTo(
                "deployguard attest --ref refs/heads/main --repository https://github.com/acme/web --push --plain-http "
                    + $"--beside {Image}."
            )
        );

    [Test]
    public void WhatHasSeveralPossibleValuesIsLeftToTheReader()
    {
        var refs = AttestCommands.For(Image, Origin(isPlain: false, s_web with { Refs = ["refs/heads/main", "refs/tags/v1"] }), Remedy);
        var repositories = AttestCommands.For(
            Image,
            Origin(isPlain: false, s_web, new OriginSource(s_web.Images, Other, s_web.Refs)),
            Remedy
        );

        Assert.That(
            refs,
            Is.EqualTo($"deployguard attest --ref refs/heads/BRANCH --repository https://github.com/acme/web --push --beside {Image}.")
        );
        Assert.That(repositories, Is.EqualTo($"deployguard attest --ref refs/heads/main --push --beside {Image}."));
    }

    /// <summary>Who writes a policy may write anything. The reader's shell must not read it.</summary>
    [Test]
    public void NothingThatAShellReadsIsPutIntoACommand() =>
        Assert.That(
            AttestCommands.For(
                Image,
                Origin(isPlain: false, new OriginSource(s_web.Images, "https://a/$(id)", ["refs/heads/`id`"])),
                Remedy
            ),
            Is.EqualTo($"deployguard attest --ref refs/heads/BRANCH --push --beside {Image}.")
        );

    [Test]
    public void APolicyWithoutOriginFillsInTheImageAlone() =>
        Assert.That(
            AttestCommands.For(Image, null, Remedy),
            Is.EqualTo($"deployguard attest --ref refs/heads/BRANCH --push --beside {Image}.")
        );

    /// <summary>What is pushed beside the name that the pod has would not be read.</summary>
    [Test]
    public void TheImageIsNamedAsItIsReadWithWhatReachesItsRegistry()
    {
        var mirror = new OriginRegistry("mirror.example.com") { CaBundle = "pem", TokenHosts = ["auth.example.com"] };
        var named = new OriginRegistry("registry.example.com:5000") { Mirror = "mirror.example.com/copy" };
        var origin = new SignedOrigin
        {
            Keys = [],
            Sources = [s_web],
            Registries = [named, mirror],
        };

        Assert.That(
            AttestCommands.For(Image, origin, Remedy),
            Does.EndWith("--push --ca-bundle FILE --token-host auth.example.com --beside mirror.example.com/copy/shop/web@sha256:1.")
        );
    }

    private static SignedOrigin Origin(bool isPlain, params OriginSource[] sources) =>
        new()
        {
            Keys = [],
            Sources = sources,
            Registries = [new OriginRegistry("registry.example.com:5000") { PlainHttp = isPlain }],
        };
}
