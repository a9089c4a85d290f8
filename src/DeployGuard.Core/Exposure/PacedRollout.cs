using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>A rollout in place by batches: the next batch follows when the last one has been ready for long enough.</summary>
internal sealed class PacedRollout : IRolloutMethod
{
    public RolloutMethod Name => RolloutMethod.Pace;

    public int? Exposes(Member member, CanaryRules rules, int steps) =>
        rules.Accept.Contains(Name) && PaceBound.Of(member, rules, steps) is { Faults.Count: 0 } bound
            ? Math.Min(bound.Batch, member.Size)
            : null;

    public bool Proves(Member member, Pool pool, CanaryRules rules) => PaceBound.Of(member, rules, 0).Faults.Count == 0;
}
