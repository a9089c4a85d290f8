using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>A decision in progress: the classified request, the snapshot that it uses, and the time of that snapshot.</summary>
internal sealed record PendingDecision(PolicyEvaluator Evaluator, EvaluatedRequest Evaluated, ClusterSnapshot Cluster, DateTimeOffset Now)
{
    private (ClusterSnapshot Of, Verdict Verdict)? _cached;

    /// <summary>The parts of the snapshot that are filled.</summary>
    public SnapshotParts Parts { get; init; }

    public Requirements Requirements { get; init; }

    /// <summary>Evaluated once for each snapshot.</summary>
    public Verdict Evaluate()
    {
        if (_cached is not { } cached || !ReferenceEquals(cached.Of, Cluster))
        {
            _cached = cached = (Cluster, Evaluator.Evaluate(Evaluated, Cluster, Now));
        }

        return cached.Verdict;
    }
}
