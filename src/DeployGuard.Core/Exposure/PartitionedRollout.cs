using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>A StatefulSet keeps its old revision below the partition.</summary>
internal sealed class PartitionedRollout : IRolloutMethod
{
    public RolloutMethod Name => RolloutMethod.StatefulSetPartition;

    public int? Exposes(Member member, CanaryRules rules, int steps) =>
        member.Spec.IsPartitioned ? Math.Min(member.Size, member.Spec.PodsAbovePartition) : null;

    public bool Proves(Member member, Pool pool, CanaryRules rules) => member.Spec is { Type.HasPartition: true, Strategy.IsRolling: true };
}
