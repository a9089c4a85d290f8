using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>One object of an API server over a real socket, with its compare-and-swap, and faults at the test's command.</summary>
internal sealed class FakeObject : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private int _version;

    private FakeObject(WebApplication app)
    {
        _app = app;
        Connection = new ApiConnection(new k8s.Kubernetes(new KubernetesClientConfiguration { Host = app.Urls.Single() }));
    }

    public ApiConnection Connection { get; }

    public JsonObject? Stored { get; private set; }

    /// <summary>Done once, between a read and the write that follows it.</summary>
    public Action? BeforeNextWrite { get; set; }

    /// <summary>A status to answer the next write with instead.</summary>
    public int? NextWriteStatus { get; set; }

    public ConcurrentQueue<string> Writes { get; } = [];

    public static async Task<FakeObject> StartAsync()
    {
        FakeObject? api = null;
        return api = new FakeObject(await Loopback.ServeAsync(context => api?.AnswerAsync(context) ?? Task.CompletedTask));
    }

    /// <summary>As if another replica wrote it.</summary>
    public void Store(string seen)
    {
        lock (_lock)
        {
            Stored = new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = $"{++_version}" },
                ["data"] = new JsonObject { ["seen"] = seen },
            };
        }
    }

    public async ValueTask DisposeAsync()
    {
        Connection.Dispose();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Method == "GET")
        {
            context.Response.StatusCode = Stored is null ? 404 : 200;
            await context.Response.WriteAsync(Stored?.ToJsonString() ?? "{}");
            return;
        }

        Writes.Enqueue(context.Request.Method);
        BeforeNextWrite?.Invoke();
        BeforeNextWrite = null;
        var status = NextWriteStatus ?? Swap(JsonNode.Parse(await new StreamReader(context.Request.Body).ReadToEndAsync()));
        NextWriteStatus = null;
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(status < 300 ? Stored?.ToJsonString() ?? "{}" : """{"kind": "Status", "message": "no"}""");
    }

    private int Swap(JsonNode? written)
    {
        lock (_lock)
        {
            if ((string?)Stored?["metadata"]?["resourceVersion"] != (string?)written?["metadata"]?["resourceVersion"])
            {
                return 409;
            }
        }

        Store((string?)written?["data"]?["seen"] ?? "");
        return 200;
    }
}
