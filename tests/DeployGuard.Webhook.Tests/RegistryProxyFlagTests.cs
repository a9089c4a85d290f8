using DeployGuard.Webhook.Hosting;
using DeployGuard.Webhook.Lookups;

namespace DeployGuard.Webhook.Tests;

/// <summary>The environment and the standard error stream are those of the process.</summary>
[NonParallelizable]
public class RegistryProxyFlagTests
{
    private const string Variable = "DEPLOYGUARD_REGISTRY_PROXY";

    [TearDown]
    public void Clear() => Environment.SetEnvironmentVariable(Variable, null);

    [Test]
    public async Task RegistriesAreReachedDirectlyUnlessAProxyIsSet()
    {
        Environment.SetEnvironmentVariable("HTTPS_PROXY", "http://other.corp:3128");
        try
        {
            Assert.That((await ReadAsync()).Proxy, Is.EqualTo(RegistryProxy.None));
        }
        finally
        {
            Environment.SetEnvironmentVariable("HTTPS_PROXY", null);
        }
    }

    [Test]
    public async Task TheFlagsNameTheProxyAndWhatNeedsNone()
    {
        var (proxy, _) = await ReadAsync(
            "--registry-proxy=http://proxy.corp:3128",
            "--registry-no-proxy=registry.corp:5000",
            "--registry-no-proxy=.svc",
            "--registry-no-proxy=*.lab.corp"
        );

        Assert.That(proxy?.Url, Is.EqualTo(new Uri("http://proxy.corp:3128")));
        Assert.That(proxy?.NoProxy, Is.EqualTo(["registry.corp:5000", ".svc", "*.lab.corp"]));
    }

    [Test]
    public async Task APasswordComesFromTheEnvironmentAlone()
    {
        Environment.SetEnvironmentVariable(Variable, "http://dana:secret@proxy.corp:3128");

        Assert.That((await ReadAsync("--registry-no-proxy=.svc")).Proxy?.Url?.UserInfo, Is.EqualTo("dana:secret"));
    }

    [TestCase("http://dana:secret@proxy.corp:3128", "--registry-proxy: holds a user or a password")]
    [TestCase("proxy.corp:3128", "--registry-proxy: is not the URL of a proxy such as http://proxy.corp:3128")]
    [TestCase("socks5://proxy.corp:1080", "--registry-proxy: is not the URL of a proxy")]
    [TestCase("http://proxy.corp/path", "--registry-proxy: is not the URL of a proxy")]
    public async Task AUrlThatCannotBeUsedStopsTheStart(string url, string said)
    {
        var (proxy, error) = await ReadAsync($"--registry-proxy={url}", "--registry-no-proxy=.svc");

        Assert.That(proxy, Is.Null);
        Assert.That(error, Does.Contain(said).And.Not.Contain("secret@").And.Not.Contain("set --registry-proxy too"));
    }

    [Test]
    public async Task AMistakeInTheSecretIsToldWithoutItsPassword()
    {
        Environment.SetEnvironmentVariable(Variable, "dana:secret@proxy.corp:3128");

        var (proxy, error) = await ReadAsync();

        Assert.That(proxy, Is.Null);
        Assert.That(error, Does.Contain($"{Variable}: is not the URL of a proxy").And.Not.Contain("secret"));
    }

    [TestCase("10.0.0.0/8")]
    [TestCase("*")]
    [TestCase("http://registry.corp")]
    public async Task AHostThatIsNoneStopsTheStart(string host) =>
        Assert.That(
            (await ReadAsync("--registry-proxy=http://proxy.corp:3128", $"--registry-no-proxy={host}")).Error,
            Does.Contain($"--registry-no-proxy {host}: is neither a host such as registry.corp:5000 nor a suffix such as .corp")
        );

    [Test]
    public async Task HostsWithoutAProxyAreAMistake() =>
        Assert.That((await ReadAsync("--registry-no-proxy=.svc")).Error, Does.Contain("--registry-no-proxy: set --registry-proxy too"));

    /// <returns>No proxy where the program does not start.</returns>
    private static async Task<(RegistryProxy? Proxy, string Error)> ReadAsync(params string[] flags)
    {
        RegistryProxy? read = null;
        var (former, said) = (Console.Error, new StringWriter());
        Console.SetError(said);
        try
        {
            var exitCode = await CommandLine.RunAsync(
                flags,
                (options, _) =>
                {
                    read = options.RegistryProxy;
                    return Task.FromResult(0);
                }
            );
            Assert.That(exitCode, Is.EqualTo(read is null ? 2 : 0));
        }
        finally
        {
            Console.SetError(former);
        }

        return (read, said.ToString());
    }
}
