using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>
/// Services and workloads of the namespace, now. Before the deletion of a pod is refused, also whether its node is drained: that must go
/// on.
/// </summary>
internal sealed class LiveNamespaceReader(ClusterCaches caches, LiveNamespace live) : ILiveReader
{
    public RequiredReads Reads => RequiredReads.Namespace;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline)
    {
        if (cluster.Namespace is not { } snapshot)
        {
            return cluster;
        }

        var request = evaluated.Request;
        var read = await live.ReadAsync(request.Target.Namespace, snapshot, deadline);
        snapshot = caches.TranslationFor(request).Translate(read) with { ExternalNameTarget = snapshot.ExternalNameTarget };
        return cluster with { Namespace = await WithDrainedNodeAsync(request, snapshot, deadline) };
    }

    private async Task<NamespaceSnapshot> WithDrainedNodeAsync(Request request, NamespaceSnapshot snapshot, CancellationToken deadline)
    {
        if (request is not { Operation: Operation.Delete, Target.Type.IsOnePod: true } || snapshot.Objects is not { } objects)
        {
            return snapshot;
        }

        var node = objects.Pods.SelectMany(g => g.Pods).FirstOrDefault(p => p.Name == request.Target.Name)?.Node ?? "";
        return node.Length > 0 && await live.IsCordonedAsync(node, deadline)
            ? snapshot with
            {
                Objects = objects with { CordonedNodes = new HashSet<string> { node } },
            }
            : snapshot;
    }
}

/// <summary>How many nodes there are.</summary>
internal sealed class NodesReader(LiveNamespace live) : ILiveReader
{
    public RequiredReads Reads => RequiredReads.Nodes;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline) =>
        cluster.Namespace is { } snapshot
            ? cluster with
            {
                Namespace = snapshot with { Nodes = await live.NodesAsync(deadline) },
            }
            : cluster;
}

/// <summary>The pods of the namespace, where this replica does not watch them yet.</summary>
internal sealed class PodsReader(LiveNamespace live) : ILiveReader
{
    public RequiredReads Reads => RequiredReads.Pods;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline) =>
        cluster.Namespace is { } snapshot
            ? cluster with
            {
                Namespace = await live.WithPodsAsync(evaluated.Request.Target.Namespace, snapshot, deadline),
            }
            : cluster;
}
