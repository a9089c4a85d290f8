using System.Collections.Concurrent;
using System.Text.Json;
using DeployGuard.Cluster.Access;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Caches;

/// <summary>
/// Reads who serves whom from the API server, now: before a refusal, because a cache lags behind the scale-up and behind the pods'
/// readiness. Where that takes too long the caches decide, and the message says so.
/// </summary>
/// <param name="longest">What a read may take; null for 0.9 s, which leaves time to answer.</param>
internal sealed class LiveServing(ApiConnection api, ClusterCaches caches, TimeSpan? longest = null)
{
    private readonly TimeSpan _longest = longest ?? TimeSpan.FromMilliseconds(900);

    private readonly ConcurrentDictionary<string, SingleFlight<Neighbourhood>> _flights = new();

    /// <summary>The namespace as it is now; what is known of it, marked as stale, where it could not be had in time.</summary>
    public async Task<NamespaceSnapshot> ReadAsync(string @namespace, NamespaceSnapshot cached, CancellationToken deadline)
    {
        try
        {
            var live = await _flights.GetOrAdd(@namespace, name => new SingleFlight<Neighbourhood>(() => ListAsync(name))).ReadAsync().WaitAsync(_longest, deadline);
            return live.ToSnapshot();
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            return cached with { Stale = "the API server did not list the namespace in time" };
        }
    }

    /// <summary>The pods of some revisions, as they are now.</summary>
    public async Task<NamespaceSnapshot> WithPodsAsync(string @namespace, NamespaceSnapshot serving, IReadOnlyList<(WorkloadRef Owner, string TemplateHash)> wanted, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(_longest);
        try
        {
            var known = Neighbourhood.Cached(@namespace, caches);
            var pods = await Task.WhenAll(wanted.Select(w => PodsAsync(api, known, w.Owner, w.TemplateHash, cap.Token)));
            return serving with { Pods = [.. pods.SelectMany(p => p)] };
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            return serving with { Stale = "the API server did not list the pods in time" };
        }
    }

    /// <summary>The pods of one revision of a workload.</summary>
    public static async Task<IReadOnlyList<LivePod>> PodsAsync(ApiConnection api, Neighbourhood known, WorkloadRef owner, string templateHash, CancellationToken cancel)
    {
        var pods = new List<LivePod>();
        foreach (var (selector, ownerUid) in known.PodsOf(owner, templateHash))
        {
            await api.ListAsync(
                $"api/v1/namespaces/{owner.Namespace}/pods",
                pod => pods.AddRange(ObservedPod.Read(pod, owner, ownerUid, templateHash) is { } read ? [read] : []),
                cancel,
                $"labelSelector={Uri.EscapeDataString(selector)}");
        }

        return pods;
    }

    /// <summary>How many nodes there are, which is how many pods a DaemonSet made now may get.</summary>
    /// <exception cref="UnavailableException">They could not be counted in time.</exception>
    public async Task<int> NodesAsync(CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(_longest);
        try
        {
            return await CountNodesAsync(cap.Token);
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            throw new UnavailableException("the API server did not count the nodes in time", fault);
        }
    }

    /// <summary>
    /// Pods that serve without a workload that answers for them: made by hand, or given other labels than their workload's template.
    /// </summary>
    /// <exception cref="UnavailableException">They could not be listed in time.</exception>
    public async Task<IReadOnlyList<Member>> StraysAsync(string @namespace, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(_longest);
        try
        {
            var known = Neighbourhood.Cached(@namespace, caches);
            var strays = new List<Member>();
            await api.ListAsync($"api/v1/namespaces/{@namespace}/pods", pod => strays.AddRange(known.StrayOrNull(pod) is { } stray ? [stray] : []), cap.Token);
            return strays;
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            throw new UnavailableException("the API server did not list the pods in time", fault);
        }
    }

    private async Task<int> CountNodesAsync(CancellationToken cancel)
    {
        using var list = await api.GetAsync("api/v1/nodes?limit=1", cancel);
        var metadata = list.RootElement.GetProperty("metadata");
        var rest = metadata.TryGetProperty("remainingItemCount", out var more) && more.TryGetInt32(out var count) ? count : 0;
        return list.RootElement.GetProperty("items").GetArrayLength() + rest;
    }

    private async Task<Neighbourhood> ListAsync(string @namespace)
    {
        using var cap = new CancellationTokenSource(_longest);
        return await Neighbourhood.ReadAsync(@namespace, caches, cap.Token);
    }

    private static bool IsExpected(Exception fault) => fault is ApiException or HttpRequestException or OperationCanceledException or TimeoutException or JsonException;
}
