using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Ports;

/// <summary>Takes the snapshot that a decision rests on.</summary>
public interface ISnapshotSource
{
    /// <summary>Everything that is known without a call, but the parts that few requests need. Waits only for a namespace that no cache has yet.</summary>
    ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel);

    /// <summary>The snapshot with the parts that this request needs.</summary>
    ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts);

    /// <summary>The snapshot with what makes the refusal of an unapproved change easier to understand. Never fails, and waits for a moment at most.</summary>
    Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline);
}
