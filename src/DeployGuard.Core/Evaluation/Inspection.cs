using DeployGuard.Core.Admission;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// One change under one policy, with everything that a safeguard may use. Results that several rules need are computed once.
/// </summary>
internal sealed class Inspection(EvaluatedRequest evaluated, SafeguardPolicy policy, ClusterSnapshot cluster, DateTimeOffset now)
{
    private ExposureEvaluator? _exposure;
    private bool _hasExposure;
    private IReadOnlyList<PoolAssessment>? _exposed;
    private Dictionary<Type, object>? _results;

    /// <summary>
    /// The same for a snapshot with more in it. Exposure is assessed again only if that concerns it: a decision reads votes and evidence
    /// step by step.
    /// </summary>
    public Inspection With(ClusterSnapshot more) =>
        _exposure?.IsFor(more) is false
            ? new Inspection(evaluated, policy, more, now)
            : new Inspection(evaluated, policy, more, now)
            {
                _exposure = _exposure,
                _hasExposure = _hasExposure,
                _exposed = _exposed,
            };

    /// <summary>Null if the policy requires no canary.</summary>
    private ExposureEvaluator? Exposure
    {
        get
        {
            (_exposure, _hasExposure) = (_hasExposure ? _exposure : ExposureEvaluator.Under(policy, cluster, now), true);
            return _exposure;
        }
    }

    public EvaluatedRequest Evaluated => evaluated;

    public SafeguardPolicy Policy => policy;

    public ClusterSnapshot Cluster => cluster;

    public DateTimeOffset Now => now;

    /// <summary>The policy's mode for this request: a dry run under Enforce warns, unless <c>dryRun</c> is Refuse.</summary>
    public Mode Mode => ModeOf(policy, evaluated.Request);

    /// <summary>
    /// Every pool that the change affects, as it would be after the change; none if the policy requires no canary, or no users reach its
    /// pods.
    /// </summary>
    public IReadOnlyList<PoolAssessment> Exposed => _exposed ??= Exposure?.Assess(evaluated) ?? [];

    /// <summary>
    /// A new revision of a workload: an approval or a BreakGlass that the caches do not have yet may change the decision.
    /// </summary>
    public bool IsNewRevisionOfWorkload => evaluated is { ChangeType: ChangeType.NewRevision, Request: WorkloadRequest };

    public static Mode ModeOf(SafeguardPolicy policy, Request request) =>
        request.DryRun && policy is { Mode: Mode.Enforce, DryRun: DryRunAnswer.Warn } ? Mode.Warn : policy.Mode;

    /// <summary>A result of its own type that a rule needs in several steps: computed in the first of them.</summary>
    public T Once<T>(Func<Inspection, T> compute)
        where T : class
    {
        if (_results is { } results && results.TryGetValue(typeof(T), out var known))
        {
            return (T)known;
        }

        var result = compute(this);
        (_results ??= [])[typeof(T)] = result;
        return result;
    }

    /// <summary>The waiver for findings of a safeguard; null if there is none.</summary>
    public Waiver? WaiverOf(ISafeguard safeguard) => Waivers.For(this, safeguard);

    /// <summary>The same change after a time in which nothing else happens.</summary>
    public Inspection After(TimeSpan wait) => new(evaluated, policy, cluster, now + wait);

    /// <summary>Whether the change would pass for its pools if some other workloads had no pods.</summary>
    public bool PassesWithout(List<WorkloadRef> stopped) =>
        cluster.Namespace is { } all
        && new Inspection(
            evaluated,
            policy,
            cluster with
            {
                Namespace = all with { Members = [.. all.Members.Where(m => !stopped.Contains(m.Spec.Ref))] },
            },
            now
        ).Exposed.All(p => !p.IsRefused);

    /// <summary>As <see cref="Highest"/>, for a number that may pass by now.</summary>
    public int HighestAsked(Func<int, Workload> shape, int passes, int asked) =>
        asked > passes && Passes(shape(asked)) ? asked : Highest(shape, passes, asked);

    /// <summary>The highest number (of replicas, or of pods at once) with which the change would pass.</summary>
    /// <param name="shape">The workload with that number.</param>
    /// <param name="passes">A number that is known to pass, or is the current one; it is returned if one more would not pass.</param>
    /// <param name="fails">A number that is known not to pass.</param>
    public int Highest(Func<int, Workload> shape, int passes, int fails)
    {
        while (fails - passes > 1)
        {
            var middle = passes + ((fails - passes) / 2);
            (passes, fails) = Passes(shape(middle)) ? (middle, fails) : (passes, middle);
        }

        return passes;
    }

    /// <summary>Whether the change would pass for its pools with another workload after it.</summary>
    public bool Passes(Workload after) => Assess(after).All(j => !j.IsRefused);

    /// <summary>The pools as they would be with another workload after the change.</summary>
    public IReadOnlyList<PoolAssessment> Assess(Workload after)
    {
        var exposure = Exposure ?? throw new InvalidOperationException($"policy {policy.Name} has no canary");
        return exposure.Assess(evaluated with { After = after });
    }
}
