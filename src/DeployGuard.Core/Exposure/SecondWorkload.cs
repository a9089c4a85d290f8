using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// A second workload behind the same Service: it exposes as many pods as it has. In a policy it is <c>canary.accept: [Pool]</c>.
/// </summary>
internal sealed class SecondWorkload : IRolloutMethod
{
    public RolloutMethod Name => RolloutMethod.Pool;

    public int? Exposes(Member member, CanaryRules rules, int steps) => member.Size;

    public bool Proves(Member member, Pool pool, CanaryRules rules) => true;
}
