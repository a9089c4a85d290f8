using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Tests;

/// <summary>
/// Several files in KUBECONFIG: the first one with an entry, or with a current context, wins; each path is relative to its own file. An
/// end-to-end test compares it with kubectl.
/// </summary>
public class MergedKubeconfigTests
{
    private const string First = """
        clusters: [{name: k, cluster: {server: "http://first:1"}}]
        contexts: [{name: c, context: {cluster: k, user: u, namespace: one}}]
        """;
    private const string Second = """
        current-context: d
        clusters: [{name: k, cluster: {server: "http://second:1"}}, {name: more, cluster: {server: "https://more:1", certificate-authority: ca.crt}}]
        contexts:
        - {name: c, context: {cluster: more, user: u, namespace: two}}
        - {name: d, context: {cluster: more, user: u, namespace: two}}
        users: [{name: u, user: {token: second}}]
        """;

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("c", "http://first:1/", "one", TestName = "TheFirstFileWithAnEntryProvidesIt")]
    [TestCase(null, "https://more:1/", "two", TestName = "TheFirstFileWithACurrentContextProvidesIt")]
    public async Task EntriesAreMerged(string? context, string server, string @namespace)
    {
        var (client, found) = Open(context, Write("a", First), Path.Combine(_folder, "nowhere"), Write("b", Second));
        using var _ = client;

        Assert.That((client.BaseUri.ToString(), found), Is.EqualTo((server, @namespace)));
        using var request = new HttpRequestMessage();
        await client.Credentials.ProcessHttpRequestAsync(request, CancellationToken.None);
        Assert.That(request.Headers.Authorization?.Parameter, Is.EqualTo("second"), "the user is in the second file");
    }

    [Test]
    public void APathIsRelativeToItsOwnFile()
    {
        var (first, second) = (Write("a", First), Write("b", Second));
        File.Delete(Path.Combine(_folder, "b", "ca.crt"));

        var wrong = Assert.Throws<ManifestException>(() => Open(null, first, second));

        Assert.That(wrong?.Message, Does.Contain(Path.Combine(_folder, "b", "ca.crt")));
    }

    [Test]
    public void AnEmptyFileCountsAsAbsent()
    {
        var (client, found) = Open(null, Write("a", " \n"), Write("b", Second));
        using var _ = client;
        Assert.That(found, Is.EqualTo("two"));
    }

    [TestCase("clusters: text", null, ":1: not a kubeconfig: clusters: expected a list, found a string")]
    [TestCase(
        "",
        "nosuch",
        ": there is no context nosuch; choose another with --context: c, d. Name another with --kubeconfig or KUBECONFIG, or "
    )]
    [TestCase("contexts: [{name: e, context: {cluster: gone}}]", "e", ": there is no cluster gone, which the context e names. ")]
    public void AnErrorNamesTheFile(string first, string? context, string error)
    {
        var (a, b) = (Write("a", first), Write("b", Second));

        var wrong = Assert.Throws<ManifestException>(() => Open(context, a, b));

        Assert.That(wrong?.Message, Does.Contain(error));
    }

    [Test]
    public void WithoutACurrentContextTheContextsAreListed()
    {
        var wrong = Assert.Throws<ManifestException>(() => Open(null, Write("a", First)));
        Assert.That(wrong?.Message, Does.Contain(": no current context is set; choose one with --context: c. "));
    }

    [Test]
    public void WhenEveryFileIsMissingAllAreNamed()
    {
        var wrong = Assert.Throws<ManifestException>(() => Open(null, "/nowhere/a", "/nowhere/b"));
        Assert.That(
            wrong?.Message,
            Is.EqualTo($"/nowhere/a{Path.PathSeparator}/nowhere/b: no such file; name your kubeconfig with --kubeconfig or KUBECONFIG")
        );
    }

    private static (k8s.Kubernetes Client, string? Namespace) Open(string? context, params string[] files) =>
        KubeconfigFile.OpenMerged(files, context);

    /// <summary>A kubeconfig in a folder of its own, with a CA beside it.</summary>
    private string Write(string name, string content)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "ca.crt"), NewCertificate.For(["x"], TimeProvider.System.GetUtcNow()).CaCertificate);
        var file = Path.Combine(folder, "config");
        File.WriteAllText(file, content);
        return file;
    }
}
