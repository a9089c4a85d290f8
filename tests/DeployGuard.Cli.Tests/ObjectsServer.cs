using System.Net;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Cli.Tests;

/// <summary>
/// An API server with the objects that a test gives it, by their paths, behind a real socket. It stamps a new BreakGlass.
/// </summary>
internal sealed class ObjectsServer : IAsyncDisposable
{
    public const string Deployments = "/apis/apps/v1/namespaces/shop/deployments";

    private readonly WebApplication _app;
    private readonly string _folder = Directory.CreateTempSubdirectory("deployguard-test-").FullName;

    private ObjectsServer(WebApplication app)
    {
        _app = app;
        File.WriteAllText(Kubeconfig, KubeconfigFor(app.Urls.Single()));
    }

    /// <summary>What each path answers. Others answer 404, as for objects that do not exist.</summary>
    public Dictionary<string, JsonNode> Objects { get; } = [];

    /// <summary>Paths, and the beginnings of paths, that the user may not read.</summary>
    public List<string> Forbidden { get; } = [];

    /// <summary>Paths that the user may read and not write.</summary>
    public List<string> ForbiddenWrites { get; } = [];

    /// <summary>What was written, in order.</summary>
    public List<JsonNode> Written { get; } = [];

    public string Kubeconfig => Path.Combine(_folder, "kubeconfig");

    public static string KubeconfigFor(string url) =>
        $$"""
            {"apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "shop"} }],
             "clusters": [{"name": "c", "cluster": {"server": "{{url}}"} }], "users": [{"name": "u", "user": {"token": "t"} }]}
            """;

    public static async Task<ObjectsServer> StartAsync(params string[] existing)
    {
        ObjectsServer? server = null;
        server = new ObjectsServer(await Loopback.ServeAsync(context => server?.AnswerAsync(context) ?? Task.CompletedTask));
        foreach (var path in existing)
        {
            server.Objects[path] = new JsonObject();
        }

        return server;
    }

    /// <summary>Runs a command against this server.</summary>
    public Task<CommandRun> RunAsync(params IEnumerable<string> arguments) =>
        CommandRun.OfAsync([.. arguments, "--kubeconfig", Kubeconfig]);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var (status, body) =
            Forbidden.Any(f => path.StartsWith(f, StringComparison.Ordinal))
            || (context.Request.Method == "POST" && ForbiddenWrites.Contains(path))
                ? (HttpStatusCode.Forbidden, Denied(path))
            : path.EndsWith("/subjectaccessreviews", StringComparison.Ordinal)
                ? (HttpStatusCode.Created, new JsonObject { ["status"] = new JsonObject { ["allowed"] = true } })
            : context.Request.Method == "POST"
                ? (HttpStatusCode.Created, Stamp(await JsonNode.ParseAsync(context.Request.Body) ?? new JsonObject()))
            : Objects.TryGetValue(path, out var found) ? (HttpStatusCode.OK, found.DeepClone())
            : (HttpStatusCode.NotFound, new JsonObject { ["message"] = "not found" });
        context.Response.StatusCode = (int)status;
        await context.Response.WriteAsync(body.ToJsonString());
    }

    private static JsonObject Denied(string path) =>
        new() { ["message"] = $"{path} is forbidden: User \"olga\" cannot use resource \"{path}\" at the cluster scope" };

    private JsonNode Stamp(JsonNode made)
    {
        Written.Add(made.DeepClone());
        made["metadata"] = new JsonObject
        {
            ["name"] = "web-x7k2p",
            ["namespace"] = "shop",
            ["creationTimestamp"] = TimeProvider
                .System.GetUtcNow()
                .ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
        };
        if (made["spec"] is JsonObject spec)
        {
            spec["requestedBy"] = new JsonObject { ["username"] = "olga" };
        }

        return made;
    }
}
