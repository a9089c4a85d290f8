using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests.Transport;

/// <summary>The registry plays a proxy: it answers for every host, and sees which ones are asked for.</summary>
internal sealed class ProxyTests : LookupFixture
{
    [Test]
    public async Task Case23_EveryRequestOfALookupGoesToTheRegistryAndNoneToATransparencyLog()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, """{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}""");
        Repository.AttachByClassicTag(image, ".sig", MediaTypes.SimpleSigning, "signature");
        var lookup = NewLookup(Proxied());

        var result = await lookup.FindAsync(Request(image), CancellationToken.None);

        Assert.That(Found(result), Has.Exactly(2).Items);
        Assert.That(Registry.Calls.Select(c => c.Host).Distinct(), Is.EqualTo(["registry.example"]));
    }

    [TestCase("registry.example")]
    [TestCase(".example")]
    public async Task AHostThatNeedsNoProxyIsReachedDirectly(string without)
    {
        var image = Repository.PushImage();
        var lookup = NewLookup(Proxied() with { NoProxy = [without] });

        // There is no such host.
        Assert.That(await lookup.FindAsync(Request(image), CancellationToken.None), Is.InstanceOf<Unavailable>());
        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task ARefusalByTheProxyDoesNotRepeatItsPassword()
    {
        Registry.Own = context =>
        {
            context.Response.StatusCode = 403;
            return Task.FromResult(true);
        };
        var lookup = NewLookup(
            Options with
            {
                Proxy = new Uri($"http://dana:secret@{Registry.Host}"),
                Registries = [new RegistrySettings("registry.example")],
            }
        );

        var result = await lookup.FindAsync(Request(Digest.Of("any"u8)), CancellationToken.None);

        Assert.That((result as Unavailable)?.Message, Does.Contain("403").And.Not.Contain("secret").And.Not.Contain("dana"));
    }

    private RegistryOptions Proxied() =>
        Options with
        {
            Proxy = new Uri($"http://{Registry.Host}"),
            Registries = [new RegistrySettings("registry.example") { PlainHttp = true }],
        };

    private static LookupRequest Request(Digest image) =>
        new(new PinnedImage(new("registry.example", "acme/web"), image), CredentialSet.None);
}
