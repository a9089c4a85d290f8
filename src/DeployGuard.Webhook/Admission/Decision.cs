using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>A decision on its way: the request as it was understood, and what it rests on at one moment.</summary>
internal sealed record Decision(PolicyEvaluator Evaluator, EvaluatedRequest Evaluated, ClusterSnapshot Cluster, DateTimeOffset Now)
{
    private (ClusterSnapshot Of, Verdict Verdict)? _known;

    /// <summary>The parts of the snapshot that were taken.</summary>
    public SnapshotParts Parts { get; init; }

    public Requirements Requirements { get; init; }

    /// <summary>Worked out once for each snapshot.</summary>
    public Verdict Evaluate()
    {
        if (_known is not { } known || !ReferenceEquals(known.Of, Cluster))
        {
            _known = known = (Cluster, Evaluator.Evaluate(Evaluated, Cluster, Now));
        }

        return known.Verdict;
    }
}
