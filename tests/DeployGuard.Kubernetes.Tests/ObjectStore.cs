using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The storing side of an API server over a real socket: objects by path, merge patches, resourceVersions that conflict.</summary>
internal sealed class ObjectStore : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SemaphoreSlim _turn = new(1);
    private int _version = 1;

    private ObjectStore(WebApplication app)
    {
        _app = app;
        Connection = new ApiConnection(new k8s.Kubernetes(new KubernetesClientConfiguration { Host = app.Urls.Single() }));
    }

    public ApiConnection Connection { get; }

    public ConcurrentDictionary<string, JsonObject> Objects { get; } = [];

    /// <summary>Method, path and query of every write.</summary>
    public ConcurrentQueue<string> Writes { get; } = [];

    /// <summary>Changes an object before it is stored; it may throw <see cref="InvalidOperationException"/> to refuse it.</summary>
    public Action<JsonObject> Admit { get; set; } = _ => { };

    public static async Task<ObjectStore> StartAsync()
    {
        ObjectStore? store = null;
        return store = new ObjectStore(await Loopback.ServeAsync(context => store?.AnswerAsync(context) ?? Task.CompletedTask));
    }

    public JsonObject Put(string path, JsonObject item)
    {
        var metadata = item["metadata"] as JsonObject ?? [];
        item["metadata"] = metadata;
        metadata["uid"] ??= Guid.NewGuid().ToString();
        metadata["resourceVersion"] = $"{Interlocked.Increment(ref _version)}";
        return Objects[path] = item;
    }

    public async ValueTask DisposeAsync()
    {
        Connection.Dispose();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value?.TrimStart('/') ?? "";
        if (context.Request.Method == "DELETE")
        {
            Writes.Enqueue($"DELETE {path}");
            var isGone = !Objects.TryRemove(path, out _);
            await (isGone ? RefuseAsync(context, HttpStatusCode.NotFound, "not found") : context.Response.WriteAsync("{}"));
            return;
        }

        var body =
            context.Request.Method == "GET"
                ? null
                : JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync())?.AsObject();
        if (body is not null)
        {
            Writes.Enqueue($"{context.Request.Method} {path}{context.Request.QueryString}");
        }

        // One at a time, as in etcd.
        await _turn.WaitAsync(context.RequestAborted);
        try
        {
            await AnswerAsync(context, path, body);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task AnswerAsync(HttpContext context, string path, JsonObject? body)
    {
        if (context.Request.Method == "GET" && context.Request.Query.ContainsKey("limit"))
        {
            await ListAsync(context, path);
            return;
        }

        var stored = Objects.GetValueOrDefault(path);
        if (stored is null && context.Request.Method is "GET" or "PATCH")
        {
            await RefuseAsync(context, HttpStatusCode.NotFound, "not found");
            return;
        }

        if (body is null)
        {
            await context.Response.WriteAsync(stored?.ToJsonString() ?? "{}");
            return;
        }

        if (context.Request.Method != "POST")
        {
            await WriteAsync(context, path, stored, body);
        }
        else if (Objects.ContainsKey($"{path}/{body["metadata"]?["name"]}"))
        {
            await RefuseAsync(context, HttpStatusCode.Conflict, "it exists already");
        }
        else
        {
            await WriteAsync(context, $"{path}/{body["metadata"]?["name"]}", null, body);
        }
    }

    private Task ListAsync(HttpContext context, string folder)
    {
        var items = Objects.Where(o => o.Key.StartsWith($"{folder}/", StringComparison.Ordinal)).Select(o => o.Value.DeepClone());
        return context.Response.WriteAsync(
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = "1" },
                ["items"] = new JsonArray([.. items]),
            }.ToJsonString()
        );
    }

    private async Task WriteAsync(HttpContext context, string path, JsonObject? stored, JsonObject body)
    {
        if (
            (string?)body["metadata"]?["resourceVersion"] is { } expected
            && stored is not null
            && expected != (string?)stored["metadata"]?["resourceVersion"]
        )
        {
            await RefuseAsync(context, HttpStatusCode.Conflict, "the object has been modified");
            return;
        }

        var next = context.Request.Method == "PATCH" && stored is not null ? Merge(stored.DeepClone().AsObject(), body) : body;
        try
        {
            Admit(next);
        }
        catch (InvalidOperationException refused)
        {
            await RefuseAsync(context, HttpStatusCode.UnprocessableEntity, refused.Message);
            return;
        }

        var isDry = context.Request.Query.ContainsKey("dryRun");
        await context.Response.WriteAsync((isDry ? next : Put(path, next)).ToJsonString());
    }

    private static JsonObject Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (key, value) in patch)
        {
            if (value is null)
            {
                into.Remove(key);
            }
            else
            {
                into[key] = value is JsonObject inner ? Merge(into[key]?.DeepClone().AsObject() ?? [], inner) : value.DeepClone();
            }
        }

        return into;
    }

    private static Task RefuseAsync(HttpContext context, HttpStatusCode code, string message)
    {
        context.Response.StatusCode = (int)code;
        return context.Response.WriteAsync(new JsonObject { ["kind"] = "Status", ["message"] = message }.ToJsonString());
    }
}
