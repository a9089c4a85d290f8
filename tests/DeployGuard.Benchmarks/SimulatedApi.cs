using System.Buffers;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace DeployGuard.Benchmarks;

/// <summary>
/// An API server over TLS for a replica in its own process: lists in pages, watches that stay silent, a Lease that another replica holds,
/// and writes that are answered and forgotten.
/// </summary>
internal sealed class SimulatedApi : IAsyncDisposable
{
    private const int NameIsWithin = 200;
    private const int WatchedResources = 14;
    private const int FlushAt = 64 * 1024;

    private readonly WebApplication _app;
    private readonly GeneratedCluster _cluster;
    private int _watches;

    private SimulatedApi(WebApplication app, GeneratedCluster cluster) => (_app, _cluster) = (app, cluster);

    /// <summary>Watches that are open now.</summary>
    public int Watches => Volatile.Read(ref _watches);

    /// <summary>Watches that a replica opens: of the resources, and of the pods of each namespace.</summary>
    public int Expected => WatchedResources + _cluster.Namespaces.Count;

    public string Kubeconfig { get; private set; } = "";

    public Uri Address => new(_app.Urls.Single());

    public static async Task<SimulatedApi> StartAsync(GeneratedCluster cluster, TlsPair tls, string folder)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var certificate = X509Certificate2.CreateFromPemFile(tls.Certificate, tls.Key);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        var api = new SimulatedApi(app, cluster);
        app.Run(api.AnswerAsync);
        await app.StartAsync();
        api.Kubeconfig = Path.Combine(folder, "kubeconfig");
        await File.WriteAllTextAsync(
            api.Kubeconfig,
            $$"""
            {"apiVersion": "v1", "kind": "Config", "current-context": "bench",
             "clusters": [{"name": "bench", "cluster": {"server": "{{app.Urls.Single()}}", "certificate-authority": "{{tls.Ca}}"} }],
             "users": [{"name": "bench", "user": {"token": "a-token-of-a-benchmark"} }],
             "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"} }]}
            """
        );
        return api;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        string[] path = [.. (context.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries)];
        // Without the group and the version.
        var rest = path is ["apis", ..] ? path.Skip(3).ToArray() : path.Skip(2).ToArray();
        context.Response.ContentType = "application/json";
        if (context.Request.Query.ContainsKey("watch"))
        {
            await WatchAsync(context);
        }
        else if (context.Request.Method != HttpMethods.Get)
        {
            context.Response.StatusCode = HttpMethods.IsPost(context.Request.Method)
                ? StatusCodes.Status201Created
                : StatusCodes.Status200OK;
            await WriteAsync(context, rest);
        }
        else
        {
            await ReadAsync(context, path, rest);
        }
    }

    private Task ReadAsync(HttpContext context, string[] path, string[] rest) =>
        rest switch
        {
            [] when path is [_, "batch", _] => context.Response.WriteAsync("""{"resources":[{"name":"cronjobs"}]}"""),
            ["namespaces", _, "leases", _] => context.Response.WriteAsync(Lease()),
            [var resource] => ListAsync(context, resource, null),
            ["namespaces", var @namespace, var resource] => ListAsync(context, resource, @namespace),
            ["namespaces", var name] => FindAsync(context, "namespaces", name, name),
            ["namespaces", var @namespace, var resource, var name] => FindAsync(context, resource, @namespace, name),
            _ => FindAsync(context, "", "", ""),
        };

    private async Task WatchAsync(HttpContext context)
    {
        Interlocked.Increment(ref _watches);
        await context.Response.StartAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        Interlocked.Decrement(ref _watches);
    }

    /// <summary>The written object, as if it were stored.</summary>
    private static async Task WriteAsync(HttpContext context, string[] rest)
    {
        var written = await JsonNode.ParseAsync(context.Request.Body);
        if (rest is ["subjectaccessreviews"])
        {
            await context.Response.WriteAsync("""{"status":{"allowed":false} }""");
        }
        else if (written?["metadata"] is JsonObject metadata)
        {
            (metadata["resourceVersion"], metadata["uid"]) = ("200001", "0e0b9f5e-5d0c-4b0e-8a55-000000000001");
            await context.Response.WriteAsync(written.ToJsonString());
        }
        else
        {
            await context.Response.WriteAsync(
                """{"metadata":{"resourceVersion":"200001","uid":"0e0b9f5e-5d0c-4b0e-8a55-000000000001"} }"""
            );
        }
    }

    private static string Lease() =>
        $$$"""
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"deployguard-leader","namespace":"deployguard-system","resourceVersion":"1"},
             "spec":{"holderIdentity":"another-replica","leaseDurationSeconds":3600,"acquireTime":"{{{Now()}}}","renewTime":"{{{Now()}}}","leaseTransitions":1}}
            """;

    private static string Now() => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    private async Task FindAsync(HttpContext context, string resource, string @namespace, string name)
    {
        var found = Of(resource, @namespace).FirstOrDefault(item => IsNamed(item, name));
        context.Response.StatusCode = found is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
        await context.Response.Body.WriteAsync(found ?? """{"kind":"Status","code":404,"message":"not found"}"""u8.ToArray());
    }

    private static bool IsNamed(byte[] item, string name) =>
        item.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"name\":\"{name}\"")) is >= 0 and < NameIsWithin;

    /// <param name="namespace">Null for all.</param>
    private IReadOnlyList<byte[]> Of(string resource, string? @namespace)
    {
        if (!_cluster.Resources.TryGetValue(resource, out var found) || @namespace is null)
        {
            return found?.Items ?? [];
        }

        return _cluster.PlaceOf(@namespace) is { } place ? [.. found.Items.Skip(place * found.PerNamespace).Take(found.PerNamespace)] : [];
    }

    private async Task ListAsync(HttpContext context, string resource, string? @namespace)
    {
        var items = Of(resource, @namespace);
        var from = int.TryParse(context.Request.Query["continue"], NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : 0;
        var until = int.TryParse(context.Request.Query["limit"], NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            ? Math.Min(items.Count, from + limit)
            : items.Count;
        var next = until < items.Count ? until.ToString(CultureInfo.InvariantCulture) : "";
        var body = context.Response.BodyWriter;
        body.Write(
            Encoding.UTF8.GetBytes(
                $$"""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"200000","continue":"{{next}}"},"items":["""
            )
        );
        for (var i = from; i < until; i++)
        {
            body.Write(i > from ? ","u8 : []);
            body.Write(items[i]);
            if (body.UnflushedBytes > FlushAt)
            {
                await body.FlushAsync();
            }
        }

        body.Write("]}\n"u8);
        await body.FlushAsync();
    }
}
