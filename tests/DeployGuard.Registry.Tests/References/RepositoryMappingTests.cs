using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests.References;

public class RepositoryMappingTests
{
    [TestCase("mirror.corp/hub", "docker.io", "mirror.corp/hub/library/nginx", "docker.io/library/nginx")]
    [TestCase("docker.io", "mirror.corp:5000/hub", "docker.io/library/nginx", "mirror.corp:5000/hub/library/nginx")]
    [TestCase("index.docker.io/acme/", "ghcr.io/acme", "docker.io/acme/web", "ghcr.io/acme/web")]
    public void ARepositoryBelowThePrefixIsFoundUnderTheOther(string from, string to, string repository, string expected) =>
        Assert.That(new RepositoryMapping(from, to).Map(Name(repository))?.ToString(), Is.EqualTo(expected));

    [TestCase("ghcr.io/acme", "ghcr.io/acme-evil/web")]
    [TestCase("ghcr.io", "ghcr.io.evil/web")]
    public void APrefixEndsAtASlash(string from, string repository) =>
        Assert.That(new RepositoryMapping(from, "mirror.corp").Map(Name(repository)), Is.Null);

    [TestCase("ghcr.io/acme", "mirror.corp", true)]
    [TestCase("acme", "mirror.corp", false)]
    [TestCase("ghcr.io", "https://mirror.corp", false)]
    public void APrefixBeginsWithAHost(string from, string to, bool isValid) =>
        Assert.That(new RepositoryMapping(from, to).Mistake, isValid ? Is.Null : Does.Contain("write each as a host"));

    private static RepositoryName Name(string text) => RepositoryName.TryParse(text) ?? throw new AssertionException(text);
}
