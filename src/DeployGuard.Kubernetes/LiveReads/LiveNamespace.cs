using System.Text.Json;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.LiveReads;

/// <summary>
/// Reads which pods serve which Service, live, before a refusal: a cache may lag behind a scale-up, or not know the owner of pods yet. If
/// that takes too long, the caches decide, and the message says so.
/// </summary>
/// <param name="timeout">Time limit of a read; null for 0.9 s, which leaves time to answer.</param>
internal sealed class LiveNamespace(ApiConnection api, ClusterCaches caches, TimeSpan? timeout = null)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMilliseconds(900);

    private readonly TimeSpan _timeout = timeout ?? s_timeout;

    private readonly SingleFlightByKey<NamespaceSnapshot> _flights = new(@namespace => ListAsync(@namespace, caches, timeout ?? s_timeout));

    /// <summary>The namespace, read live; the cached snapshot, marked as stale, if that takes too long.</summary>
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

    /// <summary>
    /// The snapshot with all pods, which a replica does not watch yet when it has just started, or a policy has just been created.
    /// </summary>
    /// <exception cref="UnavailableException">They could not be listed in time.</exception>
    public async Task<NamespaceSnapshot> WithPodsAsync(string @namespace, NamespaceSnapshot snapshot, CancellationToken deadline)
    {
        if (snapshot.Objects is not { PodsAreKnown: false } objects)
        {
            return snapshot;
        }

        var pods = await WithinAsync("list the pods", cancel => caches.Pods.ReadLiveAsync(@namespace, cancel), deadline);
        var known = objects with { Pods = pods, PodsAreKnown = true };
        // Only the pods are replaced: votes may have been read live already, and hashes translated.
        return snapshot with { Objects = known, Members = known.ToSnapshot().Members };
    }

    /// <summary>The number of nodes, which is the number of pods that a new DaemonSet may get.</summary>
    /// <exception cref="UnavailableException">They could not be counted in time.</exception>
    public Task<int> NodesAsync(CancellationToken deadline) => WithinAsync("count the nodes", CountNodesAsync, deadline);

    /// <summary>Whether a node accepts no new pods, as during a drain.</summary>
    /// <exception cref="UnavailableException">It could not be read in time.</exception>
    public Task<bool> IsCordonedAsync(string node, CancellationToken deadline) =>
        WithinAsync(
            $"read node {node}",
            async cancel =>
            {
                using var found = await api.FindAsync(ApiPaths.One(ApiPaths.Nodes, node), cancel);
                return found?.RootElement.TryGetProperty("spec", out var spec) is true
                    && spec.TryGetProperty("unschedulable", out var cordoned)
                    && cordoned.ValueKind is JsonValueKind.True;
            },
            deadline
        );

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
        using var list = await api.GetAsync($"{ApiPaths.Nodes}?limit=1", cancel);
        var metadata = list.RootElement.GetProperty("metadata");
        var rest = metadata.TryGetProperty("remainingItemCount", out var more) && more.TryGetInt32(out var count) ? count : 0;
        return list.RootElement.GetProperty("items").GetArrayLength() + rest;
    }

    private static async Task<NamespaceSnapshot> ListAsync(string @namespace, ClusterCaches caches, TimeSpan timeout)
    {
        using var cap = new CancellationTokenSource(timeout);
        return (await NamespaceReader.ReadAsync(@namespace, caches, cap.Token)).ToSnapshot();
    }

    private static bool IsExpected(Exception fault) =>
        fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException or JsonException;
}
