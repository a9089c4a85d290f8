using System.Net;
using DeployGuard.Kubernetes.Api;
using k8s;

namespace DeployGuard.Benchmarks;

/// <summary>An API server that answers lists from a function. Watches send no events.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeApi(WebApplication app)
    {
        _app = app;
        Connection = new ApiConnection(new k8s.Kubernetes(new KubernetesClientConfiguration { Host = app.Urls.Single() }));
    }

    public ApiConnection Connection { get; }

    /// <param name="answer">The body for the segments of a path and a query.</param>
    public static async Task<FakeApi> StartAsync(Func<string[], IQueryCollection, string> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(context => AnswerAsync(context, answer));
        await app.StartAsync();
        return new FakeApi(app);
    }

    /// <summary>A page of a list.</summary>
    /// <param name="next">Where the next page begins; empty for the last one.</param>
    public static string List(IEnumerable<string> items, string next = "") =>
        $$"""{"metadata": {"resourceVersion": "1", "continue": "{{next}}"}, "items": [{{string.Join(',', items)}}]}""";

    public async ValueTask DisposeAsync()
    {
        Connection.Dispose();
        await _app.DisposeAsync();
    }

    private static async Task AnswerAsync(HttpContext context, Func<string[], IQueryCollection, string> answer)
    {
        if (context.Request.Query.ContainsKey("watch"))
        {
            await context.Response.StartAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return;
        }

        await context.Response.WriteAsync(answer((context.Request.Path.Value ?? "").Split('/'), context.Request.Query));
    }
}
