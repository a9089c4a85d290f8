using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Registry.Tests.Lookups;

internal sealed class PlatformTests : LookupFixture
{
    [Test]
    public async Task Case07_StatementsOfEveryPlatformComeWithTheDigestTheyAreAbout()
    {
        var (amd, arm) = (Repository.PushImage("amd"), Repository.PushImage("arm"));
        var index = Repository.PushIndex(("linux", "amd64", amd), ("linux", "arm64", arm));
        Repository.AttachReferrer(amd, "about amd64");

        var result = await FindAsync(index);

        var found = (StatementsFound)result;
        Assert.That(Found(result), Is.EqualTo(["about amd64"]));
        Assert.That(found.Statements.Single().Subject, Is.EqualTo(amd));
        Assert.That(found.Facts.Platforms.Select(p => (p.Platform, p.Digest)), Is.EqualTo([("linux/amd64", amd), ("linux/arm64", arm)]));
    }

    [Test]
    public async Task Case07_WhatIsNoPlatformIsIgnored()
    {
        var (amd, attestation) = (Repository.PushImage("amd"), Repository.PushImage("attestation"));
        var index = Repository.PushIndex(("linux", "amd64", amd), ("unknown", "unknown", attestation));

        var found = (NoStatement)await FindAsync(index);

        Assert.That(found.Facts.Platforms.Select(p => p.Platform), Is.EqualTo(["linux/amd64"]));
        Assert.That(Registry.Paths, Has.None.Contains($"{attestation}"));
    }

    [Test]
    public async Task Case07_AnEntryThatNamesNoPlatformMayRunAndSoNeedsAStatementToo()
    {
        var (amd, unnamed) = (Repository.PushImage("amd"), Repository.PushImage("unnamed"));
        var index = Repository.PushManifest(
            Documents.Index([
                Documents.Descriptor(MediaTypes.Manifest, amd, 1, Documents.Platform("linux", "amd64")),
                Documents.Descriptor(MediaTypes.Manifest, unnamed, 1),
            ]),
            MediaTypes.Index
        );

        var found = (NoStatement)await FindAsync(index);

        Assert.That(found.Facts.Platforms.Select(p => (p.Platform, p.Digest)), Is.EqualTo([("linux/amd64", amd), ("", unnamed)]));
    }

    [TestCase("""{"architecture": "unknown", "variant": "unknown"}""")]
    [TestCase("""{"os": "unknown", "variant": "unknown"}""")]
    [TestCase("""{"os": "unknown/unknown"}""")]
    [TestCase("""{"os": "unknown", "architecture": "unknown", "variant": "v8"}""")]
    public async Task Case07_APlatformIsUnknownByBothOfItsFieldsAlone(string platform)
    {
        var (amd, other) = (Repository.PushImage("amd"), Repository.PushImage("other"));
        var index = Repository.PushManifest(
            Documents.Index([
                Documents.Descriptor(MediaTypes.Manifest, amd, 1, Documents.Platform("linux", "amd64")),
                Documents.Descriptor(MediaTypes.Manifest, other, 1, $"\"platform\": {platform}"),
            ]),
            MediaTypes.Index
        );

        var found = (NoStatement)await FindAsync(index);

        Assert.That(found.Facts.Platforms.Select(p => p.Digest), Is.EqualTo([amd, other]), "it needs a statement too");
    }

    [Test]
    public async Task Case08_AStatementAboutTheIndexIsNotOneAboutThePlatformAndTheResultNamesTheDigest()
    {
        var amd = Repository.PushImage("amd");
        var index = Repository.PushIndex(("linux", "amd64", amd));
        Repository.AttachReferrer(index, "about the index");

        var result = await FindAsync(amd);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Looked, Has.Some.Contains($"referrers of {Repository.Image(amd)}"));
        Assert.That(Found(await FindAsync(index)), Is.EqualTo(["about the index"]));
    }

    [Test]
    public async Task LabelsAndAnnotationsAreReadOnlyIfAskedFor()
    {
        var image = Repository.PushImage(
            labels: new Dictionary<string, string> { ["org.opencontainers.image.revision"] = "abc" },
            annotations: new Dictionary<string, string> { ["ai"] = "assisted" }
        );
        var request = new LookupRequest(Repository.Image(image), CredentialSet.None);

        var with = (NoStatement)await FindAsync(request with { Labels = true });
        var without = (NoStatement)await FindAsync(request);

        Assert.That(with.Facts.Labels?["org.opencontainers.image.revision"], Is.EqualTo("abc"));
        Assert.That(with.Facts.Annotations["ai"], Is.EqualTo("assisted"));
        Assert.That(without.Facts.Labels, Is.Null);
    }

    [Test]
    public async Task LabelsOfAnIndexAreThoseOfItsPlatforms()
    {
        var amd = Repository.PushImage(
            "amd",
            new Dictionary<string, string> { ["a"] = "1" },
            new Dictionary<string, string> { ["b"] = "2" }
        );
        var missing = new Repository(Registry, "acme/other").PushImage("arm");
        var index = Repository.PushIndex(("linux", "amd64", amd), ("linux", "arm64", missing));

        var result = (NoStatement)
            await FindAsync(new LookupRequest(Repository.Image(index), CredentialSet.None) { Labels = true, Statements = false });

        Assert.That(result.Facts.Platforms[0].Labels?["a"], Is.EqualTo("1"));
        Assert.That(result.Facts.Platforms[0].Annotations["b"], Is.EqualTo("2"));
        Assert.That(result.Refused, Has.One.EndsWith("the image of linux/arm64 is missing"));
        Assert.That(Registry.Paths, Has.None.Contains("referrers"));
    }

    [Test]
    public async Task AnIndexWithMorePlatformsThanTheBoundIsReadUpToIt()
    {
        var images = Enumerable.Range(0, 40).Select(i => ("linux", $"arch{i}", Repository.PushImage($"{i}"))).ToList();

        var result = (NoStatement)await FindAsync(Repository.PushIndex(images));

        Assert.That(result.Facts.Platforms, Has.Count.EqualTo(Limits.Platforms));
        Assert.That(result.Facts.PlatformsNotRead, Is.EqualTo(40 - Limits.Platforms));
        Assert.That(result.Refused, Has.One.Contains("has 40 platforms; the first 16 were looked at"));
    }
}
