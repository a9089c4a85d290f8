using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using DeployGuard.Registry;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Tests;
using DeployGuard.Registry.Transport;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>Lookups in a real registry, with TLS of a private authority and basic authentication.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class RegistryTests
{
    private const string Repository = "acme/web";
    private const string Bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";

    private ImageRegistry? _registry;
    private X509Certificate2? _authority;
    private RegistryPush? _push;

    private ImageRegistry Registry => _registry ?? throw new InvalidOperationException("not started");

    private RegistryPush Push => _push ?? throw new InvalidOperationException("not started");

    private RegistrySettings Settings => new(Registry.Host) { CaBundle = _authority?.ExportCertificatePem() };

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _authority = TestAuthority.New();
        using var certificate = TestAuthority.Issue(_authority, IPAddress.Loopback);
        _registry = await ImageRegistry.StartAsync(await Toolbox.InstallAsync(), certificate, RegistryUser.Htpasswd);
        _push = new RegistryPush(_registry.Host, Repository, RegistryUser.Name, RegistryUser.Password);
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _push?.Dispose();
        _registry?.Dispose();
        _authority?.Dispose();
    }

    [Test]
    public async Task StatementsBehindTheFallbackTagAreFound()
    {
        var image = await Push.ImageAsync("fallback");
        var member = await Push.ManifestAsync(
            Documents.Manifest(await Push.BlobAsync(MediaTypes.Empty, "{}"), [await Push.BlobAsync(Bundle, "bundle")], Bundle)
        );
        await Push.ManifestAsync(
            Documents.Index([
                Documents.Descriptor(MediaTypes.Manifest, member.Digest, member.Size, $"\"artifactType\": \"{MediaTypes.Empty}\""),
            ]),
            MediaTypes.Index,
            image.Tag
        );

        var result = await FindAsync(image);

        Assert.That(Texts(result), Is.EqualTo(["bundle"]));
        Assert.That(result.CredentialsTried, Is.EqualTo(["Secret shop/pull"]));
        Assert.That(result.Looked, Has.Some.EndsWith("the registry has no referrers API"));
    }

    [Test]
    public async Task StatementsBehindClassicTagsAreFoundTogetherWithLabels()
    {
        var image = await Push.ImageAsync("classic");
        await Push.ManifestAsync(
            Documents.Manifest(
                await Push.BlobAsync(MediaTypes.ImageConfig, "{}"),
                [await Push.BlobAsync(MediaTypes.Dsse, "one"), await Push.BlobAsync(MediaTypes.Dsse, "two")]
            ),
            tag: $"{image.Tag}.att"
        );

        var result = await FindAsync(image);

        Assert.That(Texts(result), Is.EqualTo(["one", "two"]));
        Assert.That(((StatementsFound)result).Facts.Labels?["seed"], Is.EqualTo("classic"));
    }

    [Test]
    public async Task AnImageThatWasNeverPushedIsNotFoundAndOneWithoutStatementsHasNone()
    {
        var image = await Push.ImageAsync("bare");

        Assert.That(await FindAsync(image), Is.InstanceOf<NoStatement>());
        Assert.That(await FindAsync(Digest.Of("never pushed"u8)), Is.InstanceOf<ImageNotFound>());
    }

    [TestCase("wrong", "tried: Secret shop/pull, anonymous")]
    [TestCase(null, "tried: anonymous")]
    public async Task WithoutTheRightPasswordNothingIsRead(string? password, string message)
    {
        var result = await FindAsync(await Push.ImageAsync("private"), password);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Denied));
        Assert.That(((Unavailable)result).Message, Does.EndWith(message));
    }

    [Test]
    public async Task WithoutTheBundleOfItsAuthorityTheRegistryIsNotTrusted()
    {
        var result = await FindAsync(await Push.ImageAsync("untrusted"), settings: Settings with { CaBundle = null });

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Tls));
    }

    private async Task<LookupResult> FindAsync(Digest image, string? password = RegistryUser.Password, RegistrySettings? settings = null)
    {
        using var lookup = new RegistryLookup(new RegistryOptions { Registries = [settings ?? Settings] }, TimeProvider.System);
        var json =
            $$$"""{"auths": {"https://{{{Registry.Host}}}/v2/": {"username": "{{{RegistryUser.Name}}}", "password": "{{{password}}}"} } }""";
        var request = new LookupRequest(
            new PinnedImage(new RepositoryName(Registry.Host, Repository), image),
            password is null ? CredentialSet.None : new CredentialSet(DockerConfig.Parse(Documents.Bytes(json), "Secret shop/pull"))
        );
        return await lookup.FindAsync(request with { Labels = true }, CancellationToken.None);
    }

    private static IEnumerable<string> Texts(LookupResult result) =>
        result is StatementsFound found
            ? found.Statements.Select(s => Encoding.UTF8.GetString(s.Content.Span)).Order(StringComparer.Ordinal)
            : throw new AssertionException($"{result.GetType().Name}: {string.Join("; ", result.Looked)}");
}
