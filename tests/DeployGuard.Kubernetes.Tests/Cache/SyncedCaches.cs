using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Caches that watch a <see cref="FakeApi"/> and are synced.</summary>
internal sealed class SyncedCaches : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    private SyncedCaches(ClusterCaches caches)
    {
        Caches = caches;
        _watching = Task.WhenAll(caches.All.Select(c => c.RunAsync(_stop.Token)));
    }

    public ClusterCaches Caches { get; }

    /// <param name="reader">Null for the default one.</param>
    public static async Task<SyncedCaches> OfAsync(FakeApi api, WorkloadReader? reader = null)
    {
        var synced = new SyncedCaches(
            new ClusterCaches(api.Connection, reader ?? WorkloadReader.Default, TimeProvider.System, NullLogger.Instance)
        );
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!synced.Caches.All.All(c => c.IsSynced) && waited.Elapsed.TotalSeconds < 30)
        {
            await Task.Delay(10);
        }

        Assert.That(synced.Caches.All.Where(c => !c.IsSynced).Select(c => c.Name), Is.Empty, "not in sync");
        return synced;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
    }
}
