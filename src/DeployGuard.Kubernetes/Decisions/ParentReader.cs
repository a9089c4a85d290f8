using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>The parent of a <c>/scale</c>: as cached, if that is the version that is scaled, else read now.</summary>
internal sealed class ParentReader(ClusterCaches caches, LiveFacts live) : ILiveReader
{
    public RequiredReads Reads => RequiredReads.Parent;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline) =>
        evaluated.Request is ScaleRequest scale ? cluster with { Parent = await ParentAsync(scale, cluster.Parent, deadline) } : cluster;

    private async Task<Workload?> ParentAsync(ScaleRequest scale, Workload? cached, CancellationToken deadline)
    {
        var target = scale.Target;
        if (
            (cached is not null && cached.ResourceVersion == scale.ResourceVersion)
            || !caches.Workloads.TryGetValue(target.Kind, out var cache)
        )
        {
            return cached;
        }

        var version = target.ApiGroup.Length == 0 ? "v1" : $"{target.ApiGroup}/v1";
        return await live.FindAsync(
            ApiPaths.One(ApiPaths.Resource(version, cache.Name, target.Namespace), target.Name),
            version,
            target,
            deadline
        );
    }
}
