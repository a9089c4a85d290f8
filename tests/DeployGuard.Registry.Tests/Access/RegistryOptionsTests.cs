using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests.Access;

public class RegistryOptionsTests
{
    [Test]
    public void EveryMistakeNamesItsPath()
    {
        var options = new RegistryOptions
        {
            Registries =
            [
                new RegistrySettings("https://ghcr.io"),
                new RegistrySettings("*.example.com"),
                new RegistrySettings("quay.io")
                {
                    CaBundle = "none",
                    TokenHosts = ["*"],
                    RedirectHosts = ["*.com"],
                },
                new RegistrySettings("QUAY.io"),
                new RegistrySettings("host:99999"),
            ],
            Mirrors = [new RepositoryMapping("acme", "ghcr.io")],
            AlsoIn = [new RepositoryMapping("ghcr.io", "")],
            Proxy = new Uri("socks5://proxy:1080"),
        };

        Assert.That(
            options.Mistakes.Select(m => m.Split(':')[0]),
            Is.EqualTo([
                "registries[0].host",
                "registries[1].host",
                "registries[2].caBundle",
                "registries[2].tokenHosts",
                "registries[2].redirectHosts",
                "registries[4].host",
                "registries[3].host",
                "mirrors[0]",
                "alsoIn[0]",
                "proxy",
            ])
        );
        Assert.That(() => new RegistryLookup(options, TimeProvider.System), Throws.ArgumentException);
    }

    [Test]
    public void AMistakeDoesNotRepeatThePasswordOfTheProxy() =>
        Assert.That(
            new RegistryOptions { Proxy = new Uri("socks5://dana:secret@proxy:1080") }.Mistakes,
            Has.One.Items.And.None.Contains("secret")
        );

    [TestCase("auth.example.com", "auth.example.com", true)]
    [TestCase("*.example.com", "auth.example.com", true)]
    [TestCase("*.example.com", "a.b.example.com", false)]
    [TestCase("*.example.com", "example.com", false)]
    [TestCase("*.example.com", "evilexample.com", false)]
    [TestCase("auth.example.com", "auth.example.com:8443", false)]
    [TestCase("auth.example.com:8443", "auth.example.com:8443", true)]
    public void AStarStandsForOneLabel(string pattern, string host, bool matches) =>
        Assert.That(HostPattern.Matches(pattern, host), Is.EqualTo(matches));

    [Test]
    public void DockerHubNeedsNoListOfItsOtherHosts()
    {
        var hub = new RegistrySettings("index.docker.io");

        Assert.That(hub.MayIssueTokens("auth.docker.io"), Is.True);
        Assert.That(hub.MayRedirectTo("production.cloudflare.docker.com"), Is.True);
        Assert.That(hub.MayIssueTokens("auth.docker.io.evil.example"), Is.False);
        Assert.That(new RegistrySettings("ghcr.io").MayIssueTokens("auth.docker.io"), Is.False);
    }
}
