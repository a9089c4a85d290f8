using System.Text.Json;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.LiveReads;

/// <summary>
/// Reads who serves whom from the API server, now: before a refusal, because a cache lags behind the scale-up, and an owner that no cache knows yet stands for its
/// pods all the same. Where that takes too long the caches decide, and the message says so.
/// </summary>
/// <param name="timeout">What a read may take; null for 0.9 s, which leaves time to answer.</param>
internal sealed class LiveNamespace(ApiConnection api, ClusterCaches caches, TimeSpan? timeout = null)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(900);

    private readonly TimeSpan _timeout = timeout ?? s_timeout;

    private readonly Flights<NamespaceSnapshot> _flights = new(@namespace => ListAsync(@namespace, caches, timeout ?? s_timeout));

    /// <summary>The namespace as it is now; what is known of it, marked as stale, where it could not be had in time.</summary>
    public async Task<NamespaceSnapshot> ReadAsync(string @namespace, NamespaceSnapshot cached, CancellationToken deadline)
    {
        try
        {
            return await _flights.Of(@namespace).ReadAsync().WaitAsync(_timeout, deadline);
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            return cached with { Stale = "the API server did not list the namespace in time" };
        }
    }

    /// <summary>The snapshot with all pods, which a replica may not watch yet when a policy has just come or it has just started.</summary>
    /// <exception cref="UnavailableException">They could not be listed in time.</exception>
    public async Task<NamespaceSnapshot> WithPodsAsync(string @namespace, NamespaceSnapshot snapshot, CancellationToken deadline)
    {
        if (snapshot.Objects is not { PodsAreKnown: false } objects)
        {
            return snapshot;
        }

        var pods = await WithinAsync("list the pods", cancel => caches.Pods.ReadLiveAsync(@namespace, cancel), deadline);
        var known = objects with { Pods = pods, PodsAreKnown = true };
        // Votes may have been read live since, and records put in today's terms: only the pods are new.
        return snapshot with { Objects = known, Members = known.ToSnapshot().Members };
    }

    /// <summary>How many nodes there are, which is how many pods a DaemonSet made now may get.</summary>
    /// <exception cref="UnavailableException">They could not be counted in time.</exception>
    public Task<int> NodesAsync(CancellationToken deadline) => WithinAsync("count the nodes", CountNodesAsync, deadline);

    /// <summary>Whether a node takes no new pods: it is drained.</summary>
    /// <exception cref="UnavailableException">It could not be read in time.</exception>
    public Task<bool> IsCordonedAsync(string node, CancellationToken deadline) => WithinAsync(
        $"read node {node}",
        async cancel =>
        {
            using var found = await api.FindAsync($"api/v1/nodes/{node}", cancel);
            return found?.RootElement.TryGetProperty("spec", out var spec) is true && spec.TryGetProperty("unschedulable", out var cordoned) && cordoned.ValueKind is JsonValueKind.True;
        },
        deadline);

    private async Task<T> WithinAsync<T>(string what, Func<CancellationToken, Task<T>> read, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(_timeout);
        try
        {
            return await read(cap.Token);
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            throw new UnavailableException($"the API server did not {what} in time", fault);
        }
    }

    private async Task<int> CountNodesAsync(CancellationToken cancel)
    {
        using var list = await api.GetAsync("api/v1/nodes?limit=1", cancel);
        var metadata = list.RootElement.GetProperty("metadata");
        var rest = metadata.TryGetProperty("remainingItemCount", out var more) && more.TryGetInt32(out var count) ? count : 0;
        return list.RootElement.GetProperty("items").GetArrayLength() + rest;
    }

    private static async Task<NamespaceSnapshot> ListAsync(string @namespace, ClusterCaches caches, TimeSpan timeout)
    {
        using var cap = new CancellationTokenSource(timeout);
        return (await NamespaceReader.ReadAsync(@namespace, caches, cap.Token)).ToSnapshot();
    }

    private static bool IsExpected(Exception fault) => fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException or JsonException;
}
