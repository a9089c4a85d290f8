using System.Text;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests.Credentials;

public class DockerConfigTests
{
    [TestCase("https://index.docker.io/v1/", "docker.io/library/nginx", true)]
    [TestCase("https://index.docker.io/v1", "docker.io/library/nginx", true)]
    [TestCase("index.docker.io", "docker.io/acme/web", true)]
    [TestCase("docker.io", "docker.io/acme/web", true)]
    [TestCase("https://registry-1.docker.io/v2/", "docker.io/acme/web", true)]
    [TestCase("https://ghcr.io", "ghcr.io/acme/web", true)]
    [TestCase("ghcr.io/acme", "ghcr.io/acme/web", true)]
    [TestCase("ghcr.io/acme/web", "ghcr.io/acme/web", true)]
    [TestCase("ghcr.io/acme", "ghcr.io/acme-evil/web", false)]
    [TestCase("host:5000", "host:5000/web", true)]
    [TestCase("host:5000", "host:6000/web", false)]
    [TestCase("*.azurecr.io", "acme.azurecr.io/web", true)]
    [TestCase("*.azurecr.io", "a.b.azurecr.io/web", false)]
    [TestCase("azurecr.io", "acme.azurecr.io/web", false)]
    public void Case20_AKeyIsForItsHostAndPathWhateverItsForm(string key, string repository, bool isFor)
    {
        var credentials = For($$$"""{"auths": {"{{{key}}}": {"auth": "{{{Base64("ann:secret")}}}" } } }""", repository);

        Assert.That(credentials.Select(c => (c.Username, c.Password)), isFor ? Is.EqualTo([("ann", "secret")]) : Is.Empty);
    }

    [Test]
    public void UsernameAndPasswordAreReadWhereThereIsNoAuth() =>
        Assert.That(
            For("""{"auths": {"ghcr.io": {"username": "ann", "password": "a:b"}}}""", "ghcr.io/a/b").Single(),
            Is.EqualTo(new RegistryCredential("Secret shop/pull", "ann", "a:b", null, null))
        );

    [Test]
    public void APasswordMayHoldColons() =>
        Assert.That(
            For($$$"""{"auths": {"ghcr.io": {"auth": "{{{Base64("ann:a:b")}}}" } } }""", "ghcr.io/a/b").Single().Password,
            Is.EqualTo("a:b")
        );

    [Test]
    public void AnIdentityTokenGoesBeforeThePlaceHoldersBesideIt() =>
        Assert.That(
            For($$$"""{"auths": {"a.azurecr.io": {"auth": "{{{Base64("0000:")}}}", "identitytoken": "refresh" } } }""", "a.azurecr.io/a/b")
                .Single(),
            Is.EqualTo(new RegistryCredential("Secret shop/pull", "0000", null, "refresh", null))
        );

    [Test]
    public void TheOlderFormHasItsEntriesAtTheTop() =>
        Assert.That(
            For($$$"""{"https://index.docker.io/v1/": {"auth": "{{{Base64("ann:secret")}}}", "email": "a@b" } }""", "docker.io/a/b"),
            Has.One.Items
        );

    [Test]
    public void TheMoreSpecificEntryIsTriedFirst() =>
        Assert.That(
            For(
                    """
                    {"auths": {"*.example.com": {"username": "star", "password": "x"}, "r.example.com": {"username": "host", "password": "x"},
                               "r.example.com/acme/web": {"username": "repository", "password": "x"}, "r.example.com/acme": {"username": "path", "password": "x"}}}
                    """,
                    "r.example.com/acme/web"
                )
                .Select(c => c.Username),
            Is.EqualTo(["repository", "path", "host", "star"])
        );

    [TestCase("no json", "is no JSON")]
    [TestCase("[]", "is no JSON object")]
    [TestCase("""{"auths": {"ghcr.io": {"auth": "\ud800"} } }""", "is no JSON")]
    [TestCase("""{"auths": {"ghcr.io": {"registrytoken": "a\nb"} } }""", "the entry \"ghcr.io\" has no readable auth")]
    [TestCase("""{"auths": {"ghcr.io": {"auth": "%%%"}}}""", "the entry \"ghcr.io\" has no readable auth")]
    [TestCase("""{"auths": {"ghcr.io": {}}}""", "the entry \"ghcr.io\" has no readable auth")]
    [TestCase("""{"auths": {"ghcr.io": "secret"}}""", "the entry \"ghcr.io\" has no readable auth")]
    public void AMistakeNamesTheSecretAndNotItsContent(string json, string mistake)
    {
        var mistakes = Parse(json).Mistakes;

        Assert.That(mistakes.Single(), Does.StartWith($"Secret shop/pull: {mistake}"));
        Assert.That(mistakes.Single(), Does.Not.Contain("%%%"));
    }

    [Test]
    public void AnEntryThatCannotBeReadLeavesTheOthers() =>
        Assert.That(
            For("""{"auths": {"ghcr.io": {"auth": "%"}, "quay.io": {"username": "a", "password": "b"}}}""", "quay.io/a/b"),
            Has.One.Items
        );

    [Test]
    public void ACredentialIsShownByItsSourceAlone() =>
        Assert.That($"{new RegistryCredential("Secret shop/pull", "ann", "secret", "refresh", "token")}", Is.EqualTo("Secret shop/pull"));

    [Test]
    public void ManyPullSecretsForOneRegistryAreTriedUpToABound()
    {
        var entries = Enumerable.Range(0, 100).Select(i => $$"""{"auths": {"ghcr.io": {"username": "u{{i}}", "password": "x"} } }""");
        var set = new CredentialSet([.. entries.Select(Parse)]);

        Assert.That(set.For(Name("ghcr.io/a/b")), Has.Count.EqualTo(8));
    }

    private static IReadOnlyList<RegistryCredential> For(string json, string repository) =>
        new CredentialSet(Parse(json)).For(Name(repository));

    private static RepositoryName Name(string text) => RepositoryName.TryParse(text) ?? throw new AssertionException(text);

    private static DockerConfig Parse(string json) => DockerConfig.Parse(Encoding.UTF8.GetBytes(json), "Secret shop/pull");

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
