using System.Globalization;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The memory of a watched pod, and the time of a decision in a namespace of ten thousand pods in a cluster of thirty thousand, from the
/// caches of a replica to the message.
/// </summary>
internal static class WatchedPods
{
    private const int Rounds = 5;

    private static readonly string[] s_namespaces = ["shop", "stock", "search"];

    public static async Task RunAsync()
    {
        await using var cluster = await LargeCluster.StartAsync(s_namespaces);
        var caches = new ClusterCaches(cluster.Connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        using var stop = new CancellationTokenSource();
        var running = Task.WhenAll(caches.All.Select(c => c.RunAsync(stop.Token)));
        await UntilAsync(() => caches.All.All(c => c.IsSynced));
        Console.WriteLine("A replica that watches the pods of guarded namespaces, 10,000 in each.");
        Console.WriteLine("pods watched   bytes/pod");
        // Reading fills buffer pools, which stay: this fills them before the measurement.
        await FollowAsync(caches, s_namespaces.Length, stop.Token);
        await FollowAsync(caches, 0, stop.Token);
        var before = await SettledAsync();
        for (var i = 1; i <= s_namespaces.Length; i++)
        {
            await FollowAsync(caches, i, stop.Token);
            var pods = i * LargeCluster.PodsPerNamespace;
            var each = (await SettledAsync() - before) / pods;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pods, 12}  {each, 10}"));
        }

        Measure(caches);
        await stop.CancelAsync();
        await Task.WhenAny(running);
    }

    private static async Task FollowAsync(ClusterCaches caches, int namespaces, CancellationToken cancel)
    {
        caches.Pods.Follow(s_namespaces.Take(namespaces).ToHashSet(), cancel);
        await UntilAsync(() => s_namespaces.Take(namespaces).All(n => caches.Pods.Of(n) is not null));
    }

    private static void Measure(ClusterCaches caches)
    {
        var canary = Find("web-canary");
        IReadOnlyList<Change> changes = [PoolFixture.Change(Find("web"), Phase.Proven), PoolFixture.Change(canary, Phase.Completed)];
        var (p50, p99) = PoolDecision.Timed(() =>
            PoolDecision.Decide(
                canary,
                changes,
                () => (new CachedNamespace("shop", caches).Objects with { Changes = changes }).ToSnapshot()
            )
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"the same refusal in one of these namespaces, from its caches: p50 {p50:0.000} ms, p99 {p99:0.000} ms"
            )
        );

        Core.Workloads.Workload Find(string name) => caches.Workloads["Deployment"].Under("shop").Single(w => w.Ref.Name == name).Spec;
    }

    /// <summary>Bytes in use, once closed connections have released their buffers.</summary>
    private static async Task<long> SettledAsync()
    {
        var (least, still) = (long.MaxValue, 0);
        while (still < Rounds)
        {
            var now = GC.GetTotalMemory(forceFullCollection: true);
            still = now < least - 100_000 ? 0 : still + 1;
            least = Math.Min(least, now);
            await Task.Delay(200);
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
