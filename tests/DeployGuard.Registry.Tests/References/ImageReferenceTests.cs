using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests.References;

public class ImageReferenceTests
{
    private static readonly string s_digest = $"sha256:{new string('a', 64)}";

    [TestCase("nginx", "docker.io/library/nginx")]
    [TestCase("nginx:1.27", "docker.io/library/nginx:1.27")]
    [TestCase("acme/web", "docker.io/acme/web")]
    [TestCase("docker.io/nginx", "docker.io/library/nginx")]
    [TestCase("index.docker.io/library/nginx", "docker.io/library/nginx")]
    [TestCase("registry-1.docker.io/acme/web:1", "docker.io/acme/web:1")]
    [TestCase("GHCR.io/acme/web", "ghcr.io/acme/web")]
    [TestCase("localhost/web", "localhost/web")]
    [TestCase("host:30003/web:1", "host:30003/web:1")]
    [TestCase("[::1]:5000/web", "[::1]:5000/web")]
    [TestCase("ghcr.io/acme/a/b__c-d.e", "ghcr.io/acme/a/b__c-d.e")]
    public void ReferencesAreNormalisedAsContainerRuntimesDo(string text, string normal) =>
        Assert.That(ImageReference.TryParse(text)?.ToString(), Is.EqualTo(normal));

    [TestCase("")]
    [TestCase(" nginx")]
    [TestCase("nginx\n")]
    [TestCase("Nginx")]
    [TestCase("ghcr.io/")]
    [TestCase("ghcr.io/acme//web")]
    [TestCase("ghcr.io/../web")]
    [TestCase("ghcr.io/acme/web:")]
    [TestCase("ghcr.io/acme/web:a b")]
    [TestCase("ghcr.io/acme/web@sha256:abc")]
    [TestCase("ghcr.io/acme/web@")]
    [TestCase("user:pass@evil.example/web")]
    [TestCase("evil.example#/web")]
    [TestCase("https://ghcr.io/acme/web")]
    public void WhatARuntimeWouldRefuseIsNoReference(string text) => Assert.That(ImageReference.TryParse(text), Is.Null);

    [Test]
    public void AVeryLongReferenceIsNone() => Assert.That(ImageReference.TryParse(new string('a', 100_000)), Is.Null);

    [Test]
    public void Case27_TheDigestDecidesWhereThereIsATagToo()
    {
        var reference = ImageReference.TryParse($"ghcr.io/acme/web:1.2@{s_digest}");

        Assert.That(reference?.Tag, Is.EqualTo("1.2"));
        Assert.That(reference?.Pinned?.ToString(), Is.EqualTo($"ghcr.io/acme/web@{s_digest}"));
    }

    [Test]
    public void Case26_ATagAloneCannotBeLookedUp() => Assert.That(ImageReference.TryParse("ghcr.io/acme/web:1.2")?.Pinned, Is.Null);

    [TestCase("sha256:ABC")]
    [TestCase("md5:d41d8cd98f00b204e9800998ecf8427e")]
    [TestCase("sha256")]
    [TestCase(null)]
    public void WhatRegistriesNeedNotKnowIsNoDigest(string? text) => Assert.That(Digest.TryParse(text), Is.Null);

    [Test]
    public void ADigestKnowsItsContent()
    {
        var digest = Digest.Of("hello"u8);

        Assert.That(digest.ToString(), Is.EqualTo("sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
        Assert.That(digest.Tag, Is.EqualTo("sha256-2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"));
        Assert.That(digest.IsOf("hello"u8), Is.True);
        Assert.That(digest.IsOf("hellO"u8), Is.False);
    }
}
