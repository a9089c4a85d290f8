using System.Collections.Concurrent;
using DeployGuard.Kubernetes.Api;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The list and watch side of an API server over a real socket, with faults at the test's command.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeApi(WebApplication app)
    {
        _app = app;
        Connection = new ApiConnection(new k8s.Kubernetes(new KubernetesClientConfiguration { Host = app.Urls.Single() }));
    }

    public ApiConnection Connection { get; }

    /// <summary>The body of the next lists, with <c>{"metadata": {"resourceVersion"}, "items": []}</c>.</summary>
    public string List { get; set; } = """{"metadata": {"resourceVersion": "1"}, "items": []}""";

    /// <summary>In the place of an object that does not exist.</summary>
    public const string NotFound = """{"kind": "Status", "code": 404, "message": "not found"}""";

    /// <summary>Single objects, by the path that they are read at; every other read gets <see cref="List"/>.</summary>
    public ConcurrentDictionary<string, string> Objects { get; } = [];

    /// <summary>The paths that were deleted.</summary>
    public ConcurrentQueue<string> Deleted { get; } = [];

    /// <summary>What watches send, a line each; null ends the stream, <c>DROP</c> cuts the connection.</summary>
    public BlockingCollection<string?> Events { get; } = [];

    /// <summary>A status to answer the next watches with instead.</summary>
    public int? WatchStatus { get; set; }

    /// <summary>Called first; if it returns false, the request is answered as usual.</summary>
    public Func<HttpContext, Task<bool>>? Own { get; set; }

    /// <summary>Every request, path and query.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    public static async Task<FakeApi> StartAsync()
    {
        FakeApi? api = null;
        return api = new FakeApi(await Loopback.ServeAsync(context => api?.AnswerAsync(context) ?? Task.CompletedTask));
    }

    public async ValueTask DisposeAsync()
    {
        Events.CompleteAdding();
        Connection.Dispose();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Requests.Enqueue($"{context.Request.Path}{context.Request.QueryString}");
        if (Own is { } own && await own(context))
        {
            return;
        }

        if (context.Request.Method == HttpMethods.Delete)
        {
            Deleted.Enqueue(context.Request.Path);
            await context.Response.WriteAsync("{}");
        }
        else if (!context.Request.Query.ContainsKey("watch"))
        {
            var body = Objects.GetValueOrDefault(context.Request.Path, List);
            context.Response.StatusCode = body == NotFound ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
            await context.Response.WriteAsync(body);
        }
        else if (WatchStatus is { } status)
        {
            WatchStatus = null;
            context.Response.StatusCode = status;
            await context.Response.WriteAsync("""{"kind": "Status", "message": "too old resource version"}""");
        }
        else
        {
            await SendEventsAsync(context);
        }
    }

    private async Task SendEventsAsync(HttpContext context)
    {
        await context.Response.StartAsync();
        while (!context.RequestAborted.IsCancellationRequested && !Events.IsCompleted)
        {
            if (!Events.TryTake(out var line))
            {
                // Without holding a thread: a replica watches fourteen resources at once.
                await Task.Delay(20);
                continue;
            }

            if (line is null)
            {
                return;
            }

            if (line == "DROP")
            {
                context.Abort();
                return;
            }

            await context.Response.WriteAsync(line + "\n");
            await context.Response.Body.FlushAsync();
        }
    }
}
