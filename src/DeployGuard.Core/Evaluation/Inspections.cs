using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>One change under every policy that matches it, with one snapshot. What several steps need is computed once.</summary>
public sealed class Inspections
{
    public Inspections(EvaluatedRequest evaluated, ClusterSnapshot cluster, DateTimeOffset now)
    {
        (Evaluated, Cluster, Now) = (evaluated, cluster, now);
        All = [.. evaluated.Policies.Select(p => new Inspection(evaluated, p, cluster, now))];
    }

    public EvaluatedRequest Evaluated { get; }

    public ClusterSnapshot Cluster { get; }

    public DateTimeOffset Now { get; }

    /// <summary>In the order of the policies.</summary>
    internal IReadOnlyList<Inspection> All { get; }
}
