using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>
/// Votes and BreakGlasses that may count, the Change of the requested revision, and whether that Change would find a place in the inbox.
/// </summary>
internal sealed class VotesReader(LiveFacts live, Inbox inbox) : ILiveReader
{
    public RequiredReads Reads => RequiredReads.Votes;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline)
    {
        var request = evaluated.Request;
        var asked = request is WorkloadRequest workload ? workload.After : cluster.Parent;
        if (asked is null)
        {
            return cluster with { BreakGlasses = await live.BreakGlassesAsync(request.Target.Namespace, deadline) };
        }

        cluster = await live.RefreshAsync(asked, (request as WorkloadRequest)?.Before, cluster, deadline);
        var hasRoom = inbox.HasRoom(asked.Ref, ChangeName.Within(cluster.Changes, asked), request.Requester.Username);
        return hasRoom ? cluster : cluster with { ApproveBy = ApproveBy.NoRoom };
    }
}
