using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>A decision in progress: the classified request, the snapshot that it uses, and the time of that snapshot.</summary>
internal sealed record PendingDecision(PolicyEvaluator Evaluator, EvaluatedRequest Evaluated, ClusterSnapshot Cluster, DateTimeOffset Now)
{
    private (Inspections Of, Verdict Verdict)? _cached;
    private Inspections? _inspections;

    /// <summary>The parts of the snapshot that are filled.</summary>
    public SnapshotParts Parts { get; init; }

    public Requirements Requirements { get; init; }

    /// <summary>The decision with what its policies require for the snapshot.</summary>
    public PendingDecision WithRequirements()
    {
        var inspected = Inspected();
        return this with { Requirements = Evaluator.Requires(inspected) };
    }

    /// <summary>Evaluated once for each snapshot.</summary>
    public Verdict Evaluate()
    {
        var inspected = Inspected();
        if (_cached is not { } cached || !ReferenceEquals(cached.Of, inspected))
        {
            _cached = cached = (inspected, Evaluator.Evaluate(inspected));
        }

        return cached.Verdict;
    }

    private Inspections Inspected() =>
        _inspections =
            _inspections is not { } known || !ReferenceEquals(known.Evaluated, Evaluated) ? new Inspections(Evaluated, Cluster, Now)
            : ReferenceEquals(known.Cluster, Cluster) ? known
            : known.With(Cluster);
}
