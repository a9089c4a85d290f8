using DeployGuard.Registry.Access;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Tests.Transport;

internal sealed class BasicAuthenticationTests : AuthenticationFixture
{
    [Test]
    public async Task BasicCredentialsAreSentOnceTheRegistryAsksForThem()
    {
        RequireBasic();

        var result = await FindAsync(Ann());

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.CredentialsTried, Is.EqualTo(["Secret shop/pull"]));
        Assert.That(Registry.Calls.Select(c => c.Authorization).Distinct(), Is.EqualTo(["", BasicOfAnn]));
    }

    [Test]
    public async Task ARegistryThatAsksForNothingGetsNoCredentials()
    {
        var result = await FindAsync(Ann());

        Assert.That(Registry.Calls.Select(c => c.Authorization), Has.All.Empty);
        Assert.That(result.CredentialsTried, Is.Empty);
    }

    [Test]
    public async Task Case18_WhatWasRefusedNamesTheCredentialsThatWereTried()
    {
        RequireBasic();
        var wrong = Config("wrong", "Secret shop/pull");
        var request = new LookupRequest(Repository.Image(Repository.PushImage()), new CredentialSet(wrong));

        var result = await FindAsync(request);
        var none = await FindAsync(request with { Credentials = CredentialSet.None });

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Denied));
        Assert.That(((Unavailable)result).Message, Does.EndWith("(401); tried: Secret shop/pull, anonymous"));
        Assert.That(none.CredentialsTried, Is.EqualTo(["anonymous"]));
    }

    [Test]
    public async Task Case18_EveryPullSecretIsTried()
    {
        RequireBasic();
        var set = new CredentialSet(Config("wrong", "Secret shop/pull"), Config("secret", "Secret shop/default"));

        var result = await FindAsync(new LookupRequest(Repository.Image(Repository.PushImage()), set));

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.CredentialsTried, Is.EqualTo(["Secret shop/pull", "Secret shop/default"]));
    }

    [Test]
    public async Task Case20_CredentialsOfDockerHubAreFoundUnderItsOddKeyAndSentToItsRealHost()
    {
        RequireBasic();
        // As a proxy, it answers for every host.
        var lookup = NewLookup(
            Options with
            {
                Proxy = new Uri($"http://{Registry.Host}"),
                Registries = [new RegistrySettings("docker.io") { PlainHttp = true }],
            }
        );
        var image = ImageReference.TryParse($"nginx@{new Repository(Registry, "library/nginx").PushImage()}");
        var credentials = Credentials(
            $$$"""{"auths": {"https://index.docker.io/v1/": {"auth": "{{{BasicOfAnn["Basic ".Length..]}}}" } } }"""
        );

        var result = await lookup.FindAsync(
            new LookupRequest(image?.Pinned ?? throw new AssertionException("no reference"), credentials),
            CancellationToken.None
        );

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(Registry.Calls.Select(c => c.Host).Distinct(), Is.EqualTo(["registry-1.docker.io"]));
    }
}
