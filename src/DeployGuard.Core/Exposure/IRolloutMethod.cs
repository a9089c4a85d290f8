using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// One way to bring a new revision to a part of a workload's pods, and to hold it there. Another one (a Rollout's steps, the weights of a
/// mesh) is:
/// <list type="number">
/// <item>a file here, and a line in <see cref="RolloutMethods"/>, whose order matters;</item>
/// <item>a name in <see cref="RolloutMethod"/>, which every policy without <c>canary.accept</c> accepts from then on, in the enum of
/// <c>crd-safeguardpolicies.yaml</c>, in docs/policy.md and in <c>kubectl deployguard explain canary</c>;</item>
/// <item>the remedy that offers it, in Safeguards/Canary;</item>
/// <item>where it changes a workload in place: which pods such a request brings at once besides <see cref="Exposes"/>, in
/// <see cref="RequestedExposureEvaluator"/>.</item>
/// </list>
/// </summary>
internal interface IRolloutMethod
{
    RolloutMethod Name { get; }

    /// <summary>
    /// Pods of a workload that run its newest revision until the next request; null if the workload does not use this
    /// method.
    /// </summary>
    /// <param name="member">With the spec as the request leaves it.</param>
    /// <param name="steps">How many steps the newest revision has held.</param>
    int? Exposes(Member member, CanaryRules rules, int steps);

    /// <summary>Whether the pods of a workload can hold a step for a pool's users by this method.</summary>
    bool Proves(Member member, Pool pool, CanaryRules rules);
}
