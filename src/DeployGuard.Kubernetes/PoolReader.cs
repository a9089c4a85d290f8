using DeployGuard.Core.Exposure;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes;

/// <summary>The standings of the pools of a namespace, read live with the rights of the user: the same as the leader computes.</summary>
/// <param name="reader">Hashes as the replicas do.</param>
public sealed class PoolReader(ApiConnection api, WorkloadReader reader, TimeProvider time)
{
    private readonly ClusterCaches _caches = new(api, reader, time, NullLogger.Instance);

    /// <exception cref="ApiException">The API server refused it.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public async Task<IReadOnlyList<PoolStanding>> ReadAsync(string @namespace, CancellationToken cancel)
    {
        var entries = new List<PolicyEntry>();
        await api.ListAsync(ApiPaths.Policies, item => entries.Add(PolicyEntry.Read(item)), cancel);
        using var found = await api.GetAsync(ApiPaths.One(ApiPaths.Namespaces, @namespace), cancel);
        var cluster = new ClusterSnapshot
        {
            Policies = [.. entries.Select(e => e.Policy)],
            NamespaceLabels = NamespaceEntry.Read(found.RootElement).Labels,
        };
        var adopted = entries
            .Where(p => p.AdoptedServing.ContainsKey(@namespace))
            .ToDictionary(p => p.Policy.Name, p => p.AdoptedServing[@namespace]);
        var objects = await NamespaceReader.ReadAsync(@namespace, _caches, cancel);
        return PoolStanding.Of((objects with { Adopted = adopted }).ToSnapshot(), cluster, time.GetUtcNow());
    }
}
