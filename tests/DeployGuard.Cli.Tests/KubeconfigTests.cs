namespace DeployGuard.Cli.Tests;

/// <summary>The error for an unusable kubeconfig names the file and its problem.</summary>
public class KubeconfigTests
{
    private const string Uses =
        "current-context: c\ncontexts: [{name: c, context: {user: u, cluster: k}}]\nclusters: [{name: k, cluster: {server: "
        + "'http://127.0.0.1:1'}}]\nusers: [{name: u, user: {";
    private const string Serves =
        "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: ";

    [TestCase("/dev/null", "not a kubeconfig: it holds nothing. Name another with --kubeconfig or KUBECONFIG")]
    [TestCase("/tmp", "cannot be read as a kubeconfig: ")]
    [TestCase("/nowhere/config", "no such file; name your kubeconfig with --kubeconfig or KUBECONFIG")]
    public async Task AMissingOrEmptyKubeconfigIsNamed(string file, string error)
    {
        var run = await CommandRun.OfAsync("changes", "--kubeconfig", file);
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith($"error: no cluster: {file}: {error}"));
    }

    [TestCase("\u0001\u0002", ":1: not a kubeconfig: expected an object, found a string")]
    [TestCase("a: [", ":2: not YAML: ")]
    [TestCase("hello", ":1: not a kubeconfig: expected an object, found a string")]
    [TestCase("clusters: text", ":1: not a kubeconfig: clusters: expected a list, found a string")]
    [TestCase("users: [{name: u, user: {client-key-data: '*'}}]", ":1: not a kubeconfig: users[0].user.client-key-data: is not base64")]
    [TestCase(
        Uses + "token: \"a\\nb\"}}]",
        ":1: not a kubeconfig: users[0].user.token: has a line break or another character that no token has; write it on one "
            + "line. Name another"
    )]
    [TestCase(
        Serves + "'ftp://127.0.0.1'}}]",
        ":1: not a kubeconfig: clusters[0].cluster.server: \"ftp://127.0.0.1\" is no URL that begins with https:// or http://. Name another"
    )]
    [TestCase(Serves + "'127.0.0.1:6443'}}]", ":1: not a kubeconfig: clusters[0].cluster.server: \"127.0.0.1:6443\" is no URL that")]
    [TestCase(
        Uses + "auth-provider: {name: gcp, config: {access-token: t}}}}]",
        ": not a usable kubeconfig: Please use the \"gke-gcloud-auth-plugin\" credential plugin instead"
    )]
    [TestCase(Uses + "auth-provider: {name: azure, config: {access-token: t}}}}]", ": not a usable kubeconfig: Please use ")]
    [TestCase("{\"users\": [{\"name\": \"\\ud800\"}]}", ":1: a string with half of a surrogate pair, such as \\ud800 alone; ")]
    public async Task AnInvalidKubeconfigIsNamedWithItsLine(string content, string error)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, content);
            var run = await CommandRun.OfAsync("doctor", "--kubeconfig", file);
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error, Does.StartWith($"error: no cluster: {file}{error}"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The client calls the issuer at the first request.</summary>
    [Test]
    public async Task AnIssuerThatDoesNotAnswerIsAnErrorOfOneLine()
    {
        var file = Path.GetTempFileName();
        try
        {
            const string Provider =
                "auth-provider: {name: oidc, config: {client-id: c, client-secret: s, id-token: a.b.c, refresh-token: r, "
                + "idp-issuer-url: 'http://127.0.0.1:1'}}}}]";
            await File.WriteAllTextAsync(file, Uses + Provider);
            Assert.That(
                await CommandRun.OfAsync("changes", "--kubeconfig", file),
                Is.EqualTo(new CommandRun(2, "", "error: no cluster: Unable to refresh OIDC token."))
            );
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Other clients support forms that this one does not.</summary>
    [Test]
    public async Task UsersOutsideTheContextAreNotChecked()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, $"{Uses}token: t}}}}, {{name: other, user: {{token: \"a\\nb\"}}}}]");
            var run = await CommandRun.OfAsync("changes", "--kubeconfig", file);
            Assert.That(run.Error, Does.StartWith("error: the API server cannot be reached"));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
