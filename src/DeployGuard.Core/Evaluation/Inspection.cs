using DeployGuard.Core.Admission;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>One change under one policy, with all that a safeguard may look at. What several ask is worked out once.</summary>
internal sealed class Inspection(EvaluatedRequest evaluated, SafeguardPolicy policy, ClusterSnapshot cluster, DateTimeOffset now)
{
    private readonly Lazy<ExposureEvaluator?> _exposure = new(() => ExposureEvaluator.Under(policy, cluster, now), LazyThreadSafetyMode.None);
    private IReadOnlyList<PoolAssessment>? _exposed;

    public EvaluatedRequest Evaluated => evaluated;

    public SafeguardPolicy Policy => policy;

    public ClusterSnapshot Cluster => cluster;

    public DateTimeOffset Now => now;

    /// <summary>How every pool that the change touches would stand; none where the policy asks no canary of it, or it serves nobody.</summary>
    public IReadOnlyList<PoolAssessment> Exposed => _exposed ??= _exposure.Value?.Judge(evaluated) ?? [];

    /// <summary>The most of something (replicas, pods at once) with which the change would pass that does not with <paramref name="fails"/> of it.</summary>
    /// <param name="shape">The workload with so many of it.</param>
    /// <param name="passes">So many are known to pass, or make no request: what is answered if not even one more would.</param>
    public int Most(Func<int, Workload> shape, int passes, int fails)
    {
        var exposure = _exposure.Value ?? throw new InvalidOperationException($"policy {policy.Name} has no canary");
        while (fails - passes > 1)
        {
            var middle = passes + ((fails - passes) / 2);
            (passes, fails) = exposure.Judge(evaluated with { After = shape(middle) }).Any(j => j.IsRefused) ? (passes, middle) : (middle, fails);
        }

        return passes;
    }
}
