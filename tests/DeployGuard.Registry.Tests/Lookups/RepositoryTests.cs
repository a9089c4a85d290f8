using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Tests.Lookups;

/// <summary>Which registries and repositories are asked.</summary>
internal sealed class RepositoryTests : LookupFixture
{
    [Test]
    public async Task Case13_WhatIsNotListedIsNeverCalled()
    {
        var lookup = NewLookup(Options with { Registries = [new("ghcr.io")] });

        var result = await lookup.FindAsync(
            new LookupRequest(Repository.Image(Repository.PushImage()), CredentialSet.None),
            CancellationToken.None
        );

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.NotListed));
        Assert.That(result.Looked.Single(), Does.Contain($"{Registry.Host} is not among the listed registries, so it was not called"));
        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task Case25_AMirrorWithoutStatementsSaysWhereElseItWasLooked()
    {
        var mirror = new Repository(Registry, "hub/acme/web");
        var image = mirror.PushImage();
        var origin = new Repository(Registry, "origin/acme/web");
        var lookup = NewLookup(Options with { AlsoIn = [new RepositoryMapping($"{Registry.Host}/hub", $"{Registry.Host}/origin")] });
        var request = new LookupRequest(mirror.Image(image), CredentialSet.None) { MaxAge = TimeSpan.Zero };

        var none = await lookup.FindAsync(request, CancellationToken.None);
        origin.AttachByClassicTag(image, ".att", MediaTypes.Dsse, "from the origin");
        var found = await lookup.FindAsync(request, CancellationToken.None);

        Assert.That(none, Is.InstanceOf<NoStatement>());
        Assert.That(none.Looked, Has.Some.Contains("/hub/acme/web").And.Some.Contains("/origin/acme/web"));
        Assert.That(Found(found), Is.EqualTo(["from the origin"]));
    }

    [Test]
    public async Task Case25_ARepositoryOfSignaturesIsLookedAtToo()
    {
        var image = Repository.PushImage();
        new Repository(Registry, "acme/signatures").AttachByClassicTag(image, ".sig", MediaTypes.SimpleSigning, "signature");

        var result = await FindAsync(
            new LookupRequest(Repository.Image(image), CredentialSet.None)
            {
                StatementRepositories = [new(Registry.Host, "acme/signatures")],
            }
        );

        Assert.That(Found(result), Is.EqualTo(["signature"]));
    }

    [Test]
    public async Task AMirrorIsReadInThePlaceOfItsOrigin()
    {
        var image = new Repository(Registry, "hub/library/nginx").PushImage();
        var lookup = NewLookup(Options with { Mirrors = [new RepositoryMapping("docker.io", $"{Registry.Host}/hub")] });
        var pinned = ImageReference.TryParse($"nginx@{image}")?.Pinned ?? throw new AssertionException("no reference");

        var result = await lookup.FindAsync(new LookupRequest(pinned, CredentialSet.None), CancellationToken.None);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Image, Is.EqualTo(pinned));
        Assert.That(result.Looked, Has.Some.Contains($"{Registry.Host}/hub/library/nginx@{image}"));
    }

    [Test]
    public async Task Case26And27_TheTagOfAnImageIsNeverAskedAbout()
    {
        var old = Repository.PushImage("old");
        var image = Repository.PushImage("new");
        Registry.Contents["acme/web/manifests/1.2"] = Registry.Contents[$"acme/web/manifests/{old}"];
        var pinned =
            ImageReference.TryParse($"{Registry.Host}/acme/web:1.2@{image}")?.Pinned ?? throw new AssertionException("no reference");

        var result = await FindAsync(new LookupRequest(pinned, CredentialSet.None));

        Assert.That(result.Image.Digest, Is.EqualTo(image));
        Assert.That(Registry.Paths, Has.None.EndsWith("/1.2").And.None.Contains($"{old}"));
    }

    [Test]
    public async Task Case28_AnImageThatDoesNotExistIsNotOneWithoutAStatement()
    {
        var result = await FindAsync(Digest.Of("never pushed"u8));

        Assert.That(result, Is.InstanceOf<ImageNotFound>());
        Assert.That(result.Looked, Has.One.EndsWith("no such image"));
    }

    [Test]
    public async Task EveryLookupIsObservedWithItsResultAndARegistryThatIsListed()
    {
        var seen = new List<string>();
        var lookup = NewLookup(
            Options with
            {
                Observer = o => seen.Add($"{o.Registry == Registry.Host} {o.Registry == "other"} {o.Result} {o.FromCache}"),
            }
        );
        var image = Repository.PushImage();
        var request = new LookupRequest(Repository.Image(image), CredentialSet.None);

        await lookup.FindAsync(request, CancellationToken.None);
        await lookup.FindAsync(request, CancellationToken.None);
        await lookup.FindAsync(request with { Image = new(new("evil.example", "a"), image) }, CancellationToken.None);

        Assert.That(seen, Is.EqualTo(["True False not-found False", "True False not-found True", "False True not-listed False"]));
    }
}
