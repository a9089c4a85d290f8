using System.Net;
using System.Security.Cryptography.X509Certificates;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Tests.Transport;

internal sealed class TlsTests
{
    [Test]
    public async Task Case22_ARegistryWithAPrivateAuthorityIsTrustedByItsBundle()
    {
        using var authority = TestAuthority.New();
        Assert.That(await FindAsync(authority, IPAddress.Loopback, authority.ExportCertificatePem()), Is.InstanceOf<NoStatement>());
    }

    [Test]
    public async Task Case22_WithoutTheBundleItIsNotTrustedAndTheMessageSaysWhatToList()
    {
        using var authority = TestAuthority.New();
        var result = await FindAsync(authority, IPAddress.Loopback, null);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Tls));
        Assert.That(((Unavailable)result).Message, Does.Contain("its authority may be private"));
    }

    [Test]
    public async Task Case22_ABundleTrustsNoOtherAuthority()
    {
        using var authority = TestAuthority.New();
        using var other = TestAuthority.New();
        var result = await FindAsync(authority, IPAddress.Loopback, other.ExportCertificatePem());

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Tls));
    }

    [Test]
    public async Task Case22_ACertificateForAnotherHostIsNotTrusted()
    {
        using var authority = TestAuthority.New();
        var result = await FindAsync(authority, IPAddress.Parse("127.0.0.2"), authority.ExportCertificatePem());

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Tls));
    }

    [Test]
    public async Task Case21_ARegistryWithoutTlsIsRefusedUnlessItIsListedAsSuch()
    {
        await using var registry = await FakeRegistry.StartAsync();
        var image = new Repository(registry).PushImage();
        using var lookup = new RegistryLookup(Options(new RegistrySettings(registry.Host)), TimeProvider.System);

        var result = await lookup.FindAsync(
            new LookupRequest(registry.Image("acme/web", image), CredentialSet.None),
            CancellationToken.None
        );

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Tls));
        Assert.That(
            ((Unavailable)result).Message,
            Does.StartWith($"no TLS with {registry.Host}").And.EndWith("or it may speak plain HTTP alone")
        );
        Assert.That(registry.Calls, Is.Empty);
    }

    private static async Task<LookupResult> FindAsync(X509Certificate2 authority, IPAddress host, string? bundle)
    {
        using var certificate = TestAuthority.Issue(authority, host);
        await using var registry = await FakeRegistry.StartAsync(certificate);
        var image = new Repository(registry).PushImage();
        using var lookup = new RegistryLookup(Options(new RegistrySettings(registry.Host) { CaBundle = bundle }), TimeProvider.System);
        return await lookup.FindAsync(new LookupRequest(registry.Image("acme/web", image), CredentialSet.None), CancellationToken.None);
    }

    private static RegistryOptions Options(RegistrySettings registry) =>
        new()
        {
            Registries = [registry],
            Limits = new LookupLimits { RetryDelay = TimeSpan.FromMilliseconds(1) },
        };
}
