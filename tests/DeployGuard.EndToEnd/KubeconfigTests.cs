using DeployGuard.Kubernetes.Api;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>Several files in KUBECONFIG select the same server, user and namespace as in kubectl.</summary>
[Parallelizable(ParallelScope.All)]
public class KubeconfigTests
{
    private static readonly Dictionary<string, string> s_files = new()
    {
        ["empty"] = "",
        ["a"] = """
            clusters: [{name: k, cluster: {server: "http://a:1"}}]
            contexts: [{name: c, context: {cluster: k, user: u}}, {name: only-a, context: {cluster: only-b, user: u, namespace: na}}]
            users: [{name: u, user: {token: ta}}]
            """,
        ["b"] = """
            current-context: d
            clusters: [{name: k, cluster: {server: "http://b:1", tls-server-name: x}}, {name: only-b, cluster: {server: "http://only-b:1"}}]
            contexts: [{name: c, context: {cluster: only-b, user: u, namespace: nb}}, {name: d, context: {cluster: k, user: v, namespace: nd}}]
            users: [{name: u, user: {token: tb}}, {name: v, user: {token: tv}}]
            """,
        ["c"] = """
            current-context: c
            clusters: [{name: k, cluster: {server: "http://c:1"}}]
            """,
    };

    [TestCase("a:b:c", "")]
    [TestCase("a:b:c", "c")]
    [TestCase("a:b:c", "only-a")]
    [TestCase("c:b:a", "")]
    [TestCase("empty:nowhere:b", "")]
    [TestCase("b:b", "c")]
    [TestCase("c:a", "")]
    public async Task TheSameEntriesWinAsInKubectl(string list, string context)
    {
        var folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;
        try
        {
            foreach (var (name, content) in s_files)
            {
                await File.WriteAllTextAsync(Path.Combine(folder, name), content);
            }

            var files = list.Split(':').Select(f => Path.Combine(folder, f)).ToList();
            var kubectl = await Run.OfAsync(
                (await Toolbox.InstallAsync())["kubectl"],
                [
                    "config",
                    "view",
                    "--minify",
                    "--raw",
                    .. context.Length > 0 ? (string[])["--context", context] : [],
                    "-o",
                    "jsonpath={.clusters[0].cluster.server}/ {.contexts[0].context.namespace} {.users[0].user.token}",
                ],
                new Dictionary<string, string> { ["KUBECONFIG"] = string.Join(':', files) }
            );

            var (client, @namespace) = KubeconfigFile.OpenMerged(files, context.Length > 0 ? context : null);
            using var ours = client;
            using var request = new HttpRequestMessage();
            await client.Credentials.ProcessHttpRequestAsync(request, CancellationToken.None);

            Assert.That($"{client.BaseUri} {@namespace} {request.Headers.Authorization?.Parameter}", Is.EqualTo(kubectl.OrFail().Output));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
