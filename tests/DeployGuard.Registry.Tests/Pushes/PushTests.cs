using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Pushes;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Tests.Transport;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Tests.Pushes;

/// <summary>What was put beside an image is found there, and nothing else is changed.</summary>
internal sealed class PushTests : AuthenticationFixture
{
    [Test]
    public async Task AReferrerIsFoundThroughTheReferrersApi()
    {
        var image = Repository.PushImage();

        var result = await PushAsync(image, PushPlace.Referrer, "a");

        Assert.That(result.Place, Is.EqualTo($"referrers of {Repository.Image(image)}"));
        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["a"]));
        Assert.That(Registry.Contents.Keys, Has.None.EndWith(image.Tag));
    }

    [Test]
    public async Task WithoutReferrersApiTheFallbackTagKeepsItsFormerMembers()
    {
        Registry.Referrers = null;
        var image = Repository.PushImage();
        Repository.AttachByFallbackTag(image, "former");

        var result = await PushAsync(image, PushPlace.Referrer, "a");
        await PushAsync(image, PushPlace.Referrer, "b");

        Assert.That(result.Place, Is.EqualTo($"tag {image.Tag} of {Registry.Host}/{Repository.Name}"));
        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["a", "b", "former"]));
    }

    [Test]
    public async Task TheClassicTagKeepsItsFormerLayers()
    {
        var image = Repository.PushImage();
        Repository.AttachByClassicTag(image, ".att", MediaTypes.Dsse, "former");

        var result = await PushAsync(image, PushPlace.Tag, "a");

        Assert.That(result.Place, Is.EqualTo($"tag {image.Tag}.att of {Registry.Host}/{Repository.Name}"));
        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["a", "former"]));
    }

    [Test]
    public async Task WhatAnotherWriterOverwroteIsAddedAgain()
    {
        Registry.Referrers = null;
        var image = Repository.PushImage();
        var isLost = false;
        Registry.Own = async context =>
        {
            // Another writer, who read the tag before and writes right after.
            if (!isLost && context.Request.Method == "PUT" && $"{context.Request.Path}".EndsWith(image.Tag, StringComparison.Ordinal))
            {
                isLost = true;
                await FakeUploads.TakeAsync(Registry, context);
                Repository.AttachByFallbackTag(image, "other");
                return true;
            }

            return false;
        };

        await PushAsync(image, PushPlace.Referrer, "a");

        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["a", "other"]));
    }

    [Test]
    public async Task ATagThatIsNoListIsLeftAsItIs()
    {
        Registry.Referrers = null;
        var image = Repository.PushImage();
        Repository.PushManifest(Documents.Manifest(Repository.Blob(MediaTypes.ImageConfig, Documents.Bytes("{}")), []), tag: image.Tag);
        var before = Registry.Contents[$"{Repository.Name}/manifests/{image.Tag}"];

        var refused = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(image, PushPlace.Referrer, "a"));

        Assert.That(refused?.Message, Does.EndWith("is no index, so nothing was added to it"));
        Assert.That(Registry.Contents[$"{Repository.Name}/manifests/{image.Tag}"], Is.EqualTo(before));
    }

    [Test]
    public async Task NothingIsPutBesideAnImageThatIsNotThere()
    {
        var missing = Digest.Of("missing"u8);

        var refused = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(missing, PushPlace.Tag, "a"));

        Assert.That(refused?.Message, Is.EqualTo($"{Registry.Host}/{Repository.Name} has no image {missing}"));
        Assert.That(Registry.Calls.Select(c => c.Method), Has.All.EqualTo("GET"));
    }

    [Test]
    public async Task TheTokenIsAskedForForReadingAndWriting()
    {
        RequireBearer(Registry);
        var image = Repository.PushImage();

        await PushAsync(image, PushPlace.Tag, "a", Config("secret", "docker"));

        Assert.That(Registry.Calls.Single(c => c.Path == "/token").Query, Does.Contain("pull%2Cpush"));
    }

    [Test]
    public async Task WithoutTheRightToWriteTheMessageNamesTheCredentialsThatWereTried()
    {
        RequireBasic();
        var image = Repository.PushImage();

        var refused = await Assert.ThrowsAsync<RegistryException>(() =>
            PushAsync(image, PushPlace.Tag, "a", Config("wrong", "/home/ann/.docker/config.json"))
        );

        Assert.That(refused?.Message, Does.EndWith("(401); tried: /home/ann/.docker/config.json, anonymous"));
    }

    [Test]
    public async Task ContentAndCredentialsGoToNoHostThatAnUploadIsSentTo()
    {
        await using var other = await FakeRegistry.StartAsync();
        var image = Repository.PushImage();
        Registry.Misbehave(
            c => c.Request.Method == "POST",
            context =>
            {
                context.Response.StatusCode = 202;
                context.Response.Headers.Location = $"http://{other.Host}/v2/x/blobs/uploads/1";
                return Task.CompletedTask;
            }
        );

        var refused = await Assert.ThrowsAsync<RegistryException>(() => PushAsync(image, PushPlace.Tag, "a"));

        Assert.That(refused?.Message, Does.Contain("another host, so nothing was sent there"));
        Assert.That(other.Calls, Is.Empty);
    }

    private async Task<PushResult> PushAsync(Digest image, PushPlace place, string content, params IReadOnlyList<DockerConfig> configs)
    {
        using var push = new RegistryPush(Options, TimeProvider.System);
        return await push.PushAsync(
            new PushRequest(
                Repository.Image(image),
                new CredentialSet(configs),
                place,
                place is PushPlace.Tag ? MediaTypes.Dsse : MediaTypesOf.Bundle,
                Documents.Bytes(content)
            ),
            CancellationToken.None
        );
    }
}
