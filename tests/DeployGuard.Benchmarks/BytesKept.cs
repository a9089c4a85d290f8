using System.Globalization;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Benchmarks;

/// <summary>What the caches of a replica keep of an object, in bytes of the managed heap after a full collection.</summary>
internal static class BytesKept
{
    private const int Workloads = 2000;

    /// <summary>Twice without a smaller figure: nothing is left that a collection frees.</summary>
    private const int Settled = 2;

    public static async Task RunAsync(string review, TlsPair tls, string folder)
    {
        var cluster = new GeneratedCluster(review, Workloads);
        await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
        using var connection = ApiConnection.Open(new FileInfo(api.Kubeconfig));
        Console.WriteLine("Bytes that the caches keep of an object, beside the bytes of its JSON:");
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
                if (cluster.Resources.TryGetValue(resource, out var objects))
                {
                    Print(resource, bytes / objects.Items.Count, (long)objects.Items.Average(i => i.Length));
                }
            },
            stop.Token
        );
        Print("all but pods, for each workload", workload, 0);
        GC.KeepAlive(caches);
        await stop.CancelAsync();
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

    private static void Print(string what, long bytes, long json) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what, -34} {bytes, 7} {(json > 0 ? json : ""), 7}"));

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
