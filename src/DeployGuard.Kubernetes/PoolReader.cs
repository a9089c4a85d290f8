using DeployGuard.Core.Exposure;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes;

/// <summary>How the pools of a namespace stand, read now with the rights of whoever asks: what the leader sees, without a leader.</summary>
/// <param name="reader">Hashes as the replicas do.</param>
public sealed class PoolReader(ApiConnection api, WorkloadReader reader, TimeProvider time)
{
    private readonly ClusterCaches _caches = new(api, reader, time, NullLogger.Instance);

    /// <exception cref="ApiException">The API server refused it.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public async Task<IReadOnlyList<PoolStanding>> ReadAsync(string @namespace, CancellationToken cancel)
    {
        var entries = new List<PolicyEntry>();
        await api.ListAsync("apis/deployguard.io/v1alpha1/safeguardpolicies", item => entries.Add(PolicyEntry.Read(item)), cancel);
        using var found = await api.GetAsync($"api/v1/namespaces/{@namespace}", cancel);
        var cluster = new ClusterSnapshot { Policies = [.. entries.Select(e => e.Policy)], NamespaceLabels = NamespaceEntry.Read(found.RootElement).Labels };
        var adopted = entries.Where(p => p.AdoptedServing.ContainsKey(@namespace)).ToDictionary(p => p.Policy.Name, p => p.AdoptedServing[@namespace]);
        var objects = await NamespaceReader.ReadAsync(@namespace, _caches, cancel);
        return PoolStanding.Of((objects with { Adopted = adopted }).ToSnapshot(), cluster, time.GetUtcNow());
    }
}
