using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Exposure;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Cluster;

/// <summary>How the pools of a namespace stand, read now with the rights of whoever asks: what the leader sees, without a leader.</summary>
public sealed class PoolReader(ApiConnection api, TimeProvider time)
{
    private readonly ClusterCaches _caches = new(api, time, NullLogger.Instance);

    /// <exception cref="ApiException">The API server refused it.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public async Task<IReadOnlyList<PoolStanding>> ReadAsync(string @namespace, CancellationToken cancel)
    {
        var policies = new List<SafeguardPolicy>();
        await api.ListAsync("apis/deployguard.io/v1alpha1/safeguardpolicies", item => policies.Add(PolicyReader.Read(item)), cancel);
        using var found = await api.GetAsync($"api/v1/namespaces/{@namespace}", cancel);
        var view = new ClusterView { Policies = policies, NamespaceLabels = NamespaceEntry.Read(found.RootElement).Labels };
        var known = await Neighbourhood.ReadAsync(@namespace, _caches, cancel);
        var serving = known.ToServing();
        var pods = new List<LivePod>();
        foreach (var (workload, hash) in PoolStanding.Of(serving, view, time.GetUtcNow()).Where(s => s is { IsProven: false, IsProving: true, Pods: > 0 }).Select(s => (s.Workload, s.TemplateHash)).Distinct())
        {
            pods.AddRange(await LiveServing.PodsAsync(api, known, workload, hash, cancel));
        }

        return PoolStanding.Of(serving with { Pods = pods }, view, time.GetUtcNow());
    }
}
