using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>Stands in where no registry may be asked, as in rehearsals: nothing signed is known, and nothing is relaxed.</summary>
internal sealed class NoEvidence : ILiveReader
{
    public RequiredReads Reads => RequiredReads.SignedEvidence;

    public Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline) =>
        Task.FromResult(cluster);
}
