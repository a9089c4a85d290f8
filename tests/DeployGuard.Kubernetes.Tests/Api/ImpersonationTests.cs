using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A vote must be cast by the person whom kubectl names for the same kubeconfig.</summary>
public class ImpersonationTests
{
    private string _file = "";

    [SetUp]
    public void Create() => _file = Path.GetTempFileName();

    [TearDown]
    public void Delete() => File.Delete(_file);

    /// <summary>In the form that kubectl writes: several values of an extra key, and a uid.</summary>
    [Test]
    public async Task TheUserIsImpersonatedAsByKubectl()
    {
        const string Impersonating = """
            clusters: [{name: more, cluster: {server: "SERVER"}}]
            contexts: [{name: c, context: {cluster: more, user: u}}]
            current-context: c
            users:
            - name: u
              user: {token: t, as: alice, as-uid: "77", as-groups: [senior-engineers, sre], as-user-extra: {"example.com/reason": [a, b]}}
            - {name: other, user: {as: bob, as-user-extra: {x: [y]}}}
            """;
        IHeaderDictionary? sent = null;
        await using var server = await Loopback.ServeAsync(context =>
        {
            sent = new HeaderDictionary(context.Request.Headers.ToDictionary(h => h.Key, h => h.Value));
            return context.Response.WriteAsync("{}");
        });
        var (client, _) = Open(Write(Impersonating.Replace("SERVER", server.Urls.Single(), StringComparison.Ordinal)));
        using var __ = client;
        using var connection = new ApiConnection(client);

        using var answer = await connection.GetAsync("/version", CancellationToken.None);

        Assert.That(
            sent?.Where(h => h.Key.StartsWith("Impersonate-", StringComparison.Ordinal)).Select(h => $"{h.Key}: {h.Value}"),
            Is.EquivalentTo([
                "Impersonate-User: alice",
                "Impersonate-Uid: 77",
                "Impersonate-Group: senior-engineers, sre",
                "Impersonate-Extra-example.com%2Freason: a, b",
            ])
        );
    }

    [TestCase("as-groups: [sre]", "user u: as-uid, as-groups and as-user-extra need as")]
    [TestCase("as: alice, as-user-extra: {x: y}", "user u: as-user-extra: x is to be a list of texts")]
    public void AnImpersonationThatKubectlRefusesIsAnError(string user, string error)
    {
        var wrong = Assert.Throws<ManifestException>(() =>
            Open(
                Write(
                    $"{{clusters: [{{name: m, cluster: {{server: 'http://a:1'}}}}], contexts: [{{name: c, context: {{cluster: m, user: u}}}}], users: [{{name: u, user: {{{user}}}}}], current-context: c}}"
                )
            )
        );

        Assert.That(wrong?.Message, Does.Contain(error));
    }

    private string Write(string kubeconfig)
    {
        File.WriteAllText(_file, kubeconfig);
        return _file;
    }

    private static (k8s.Kubernetes Client, string? Namespace) Open(string file) => KubeconfigFile.Open(file, null);
}
