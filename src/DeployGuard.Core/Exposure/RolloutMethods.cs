using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>All rollout methods. The first one that applies to a workload decides.</summary>
internal static class RolloutMethods
{
    private static readonly IReadOnlyList<IRolloutMethod> s_all = [new PartitionedRollout(), new PacedRollout(), new SecondWorkload()];

    /// <summary>Pods that run the newest revision of a workload that is changed in place.</summary>
    public static int Exposes(Member member, CanaryRules rules, int steps) =>
        s_all.Select(p => p.Exposes(member, rules, steps)).FirstOrDefault(pods => pods is not null) ?? member.Size;

    public static bool Prove(Member member, Pool pool, CanaryRules rules) =>
        pool.Reaches(member) && s_all.Any(p => rules.Accept.Contains(p.Name) && p.Proves(member, pool, rules));
}
