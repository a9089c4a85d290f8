using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// One way to bring a new revision to a part of a workload's pods, and to hold it there. A further one (a Rollout's steps, the
/// weights of a mesh) is one file, one name in <see cref="RolloutMethod"/> and one line in <see cref="RolloutMethods"/>.
/// </summary>
internal interface IRolloutMethod
{
    RolloutMethod Name { get; }

    /// <summary>
    /// Pods of a workload that run its newest revision for as long as nobody asks for more; null where the workload is not brought out in this
    /// way.
    /// </summary>
    /// <param name="member">With the spec as the request leaves it.</param>
    /// <param name="steps">How many steps the newest revision has held.</param>
    int? Exposes(Member member, CanaryRules rules, int steps);

    /// <summary>Whether the pods of a workload can prove a step to a pool's users in this way.</summary>
    bool Proves(Member member, Pool pool, CanaryRules rules);
}

/// <summary>The ways, in the order in which they are asked.</summary>
internal static class RolloutMethods
{
    private static readonly IReadOnlyList<IRolloutMethod> s_all = [new PartitionedRollout(), new PacedRollout(), new SecondWorkload()];

    /// <summary>Pods that run the newest revision of a workload that is changed in place.</summary>
    public static int Exposes(Member member, CanaryRules rules, int steps) => s_all.Select(p => p.Exposes(member, rules, steps)).FirstOrDefault(pods => pods is not null) ?? member.Size;

    public static bool Prove(Member member, Pool pool, CanaryRules rules) =>
        pool.Reaches(member) && s_all.Any(p => rules.Accept.Contains(p.Name) && p.Proves(member, pool, rules));
}

/// <summary>A second workload behind the same Service: it exposes as many pods as it has.</summary>
internal sealed class SecondWorkload : IRolloutMethod
{
    public RolloutMethod Name => RolloutMethod.Pool;

    public int? Exposes(Member member, CanaryRules rules, int steps) => member.Size;

    public bool Proves(Member member, Pool pool, CanaryRules rules) => true;
}

/// <summary>A rollout in place that takes its time: a batch, and the next only when that has been ready for long enough.</summary>
internal sealed class PacedRollout : IRolloutMethod
{
    public RolloutMethod Name => RolloutMethod.Pace;

    public int? Exposes(Member member, CanaryRules rules, int steps) =>
        rules.Accept.Contains(Name) && PaceBound.Of(member, rules, steps) is { Faults.Count: 0 } bound ? Math.Min(bound.Batch, member.Size) : null;

    public bool Proves(Member member, Pool pool, CanaryRules rules) => PaceBound.Of(member, rules, 0).Faults.Count == 0;
}

/// <summary>A StatefulSet keeps its old revision below the partition.</summary>
internal sealed class PartitionedRollout : IRolloutMethod
{
    public RolloutMethod Name => RolloutMethod.StatefulSetPartition;

    public int? Exposes(Member member, CanaryRules rules, int steps) =>
        member.Spec is { Ref.Kind: "StatefulSet", Strategy: { IsRolling: true, Partition: > 0 } }
            ? Math.Min(member.Size, member.Spec.PodsAbovePartition)
            : null;

    public bool Proves(Member member, Pool pool, CanaryRules rules) => member.Spec is { Ref.Kind: "StatefulSet", Strategy.IsRolling: true };
}
