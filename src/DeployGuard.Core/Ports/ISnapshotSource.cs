using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Ports;

/// <summary>Takes the snapshot for a decision.</summary>
public interface ISnapshotSource
{
    /// <summary>The cached view, without the parts that only few requests need. Waits only for a namespace that no cache has yet.</summary>
    ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel);

    /// <summary>The snapshot with the parts that this request needs.</summary>
    ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts);

    /// <summary>
    /// The snapshot with details that explain the refusal of an unapproved change. Never fails, and waits no longer than the deadline.
    /// </summary>
    Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline);
}
