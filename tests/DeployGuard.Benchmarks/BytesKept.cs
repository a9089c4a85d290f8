using DeployGuard.Benchmarks.Results;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Benchmarks;

/// <summary>What the caches of a replica keep of an object, in bytes of the managed heap after a full collection.</summary>
internal static class BytesKept
{
    private const int Workloads = 2000;

    private const string Kept = "bytes kept";

    /// <summary>Not as exact as allocated bytes: buffers and tables grow by leaps.</summary>
    private const string Unit = "bytes of the heap";

    /// <summary>Twice without a smaller figure: nothing is left that a collection frees.</summary>
    private const int Settled = 2;

    public static async Task<IReadOnlyList<Row>> RunAsync(string review, TlsPair tls, string folder)
    {
        var cluster = new GeneratedCluster(review, Workloads);
        await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
        using var connection = ApiConnection.Open(new FileInfo(api.Kubeconfig));
        var rows = new List<Row>();
        using (var first = new CancellationTokenSource())
        {
            // Buffers that stay are filled before the measurement.
            await FillAsync(connection, cluster, (_, _) => { }, first.Token);
            await first.CancelAsync();
        }

        using var stop = new CancellationTokenSource();
        var workload = 0L;
        var caches = await FillAsync(
            connection,
            cluster,
            (resource, bytes) =>
            {
                workload += resource == "pods" ? 0 : bytes / Workloads;
                // The bytes of a few objects are lost among those of the cache itself.
                if (cluster.Resources.TryGetValue(resource, out var objects) && objects.Items.Count >= Workloads)
                {
                    rows.Add(RowOf($"kept of one of the {resource}", bytes, objects));
                }
            },
            stop.Token
        );
        rows.Add(RowOf("kept of all but pods, for each workload", workload));
        GC.KeepAlive(caches);
        await stop.CancelAsync();
        return rows;
    }

    private static async Task<ClusterCaches> FillAsync(
        ApiConnection connection,
        GeneratedCluster cluster,
        Action<string, long> kept,
        CancellationToken cancel
    )
    {
        var caches = new ClusterCaches(connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        var before = await SettledAsync();
        foreach (var cache in caches.All)
        {
            _ = cache.RunAsync(cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            await UntilAsync(() => cache.IsSynced);
            before = await ReportAsync(cache.Name, before, kept);
        }

        var namespaces = cluster.Namespaces.ToHashSet();
        caches.Pods.Follow(namespaces, cancel);
        await UntilAsync(() => namespaces.All(n => caches.Pods.Of(n) is not null));
        await ReportAsync("pods", before, kept);
        return caches;
    }

    private static async Task<long> ReportAsync(string resource, long before, Action<string, long> kept)
    {
        var now = await SettledAsync();
        kept(resource, now - before);
        return now;
    }

    /// <summary>Not compared with a baseline: the buffers of the watches are in what one kind takes, and come and go.</summary>
    private static Row RowOf(string what, long bytes, Resource objects) =>
        new(
            what,
            new Dictionary<string, Figure>
            {
                [Kept] = Figure.Absolute(Unit, [(double)bytes / objects.Items.Count]),
                ["bytes of its JSON"] = Figure.Absolute("bytes", [objects.Items.Average(i => i.Length)]),
            }
        );

    private static Row RowOf(string what, long bytes) => new(what, new Dictionary<string, Figure> { [Kept] = Figure.Lower(Unit, [bytes]) });

    private static async Task<long> SettledAsync()
    {
        var (least, still) = (long.MaxValue, 0);
        while (still < Settled)
        {
            var now = GC.GetTotalMemory(forceFullCollection: true);
            still = now < least - 20_000 ? 0 : still + 1;
            least = Math.Min(least, now);
            await Task.Delay(100);
        }

        return least;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
