using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>One change under every policy that matches it, with one snapshot. What several steps need is computed once.</summary>
public sealed class Inspections
{
    public Inspections(EvaluatedRequest evaluated, ClusterSnapshot cluster, DateTimeOffset now)
        : this(evaluated, cluster, now, [.. evaluated.Policies.Select(p => new Inspection(evaluated, p, cluster, now))]) { }

    private Inspections(EvaluatedRequest evaluated, ClusterSnapshot cluster, DateTimeOffset now, IReadOnlyList<Inspection> all) =>
        (Evaluated, Cluster, Now, All) = (evaluated, cluster, now, all);

    public EvaluatedRequest Evaluated { get; }

    public ClusterSnapshot Cluster { get; }

    public DateTimeOffset Now { get; }

    /// <summary>The same for a snapshot with more in it. What does not depend on that is not computed again.</summary>
    public Inspections With(ClusterSnapshot more) => new(Evaluated, more, Now, [.. All.Select(i => i.With(more))]);

    /// <summary>In the order of the policies.</summary>
    internal IReadOnlyList<Inspection> All { get; }
}
