using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>Whether something was there when what runs in its namespace was adopted. The API server stamps when an object was made; nobody else can.</summary>
internal static class AdoptedBefore
{
    /// <param name="policies">Those that match the namespace.</param>
    /// <returns>True also where no policy that matches the workload has adopted anything yet.</returns>
    public static bool Covers(ObservedWorkload workload, IEnumerable<PolicyEntry> policies) => policies
        .Where(p => p.Policy.Mode is Mode.Enforce && Matches(p.Policy, workload) && p.AdoptedServing.ContainsKey(workload.Ref.Namespace))
        .All(p => workload.Spec.CreatedAt is { } made && made <= p.AdoptedServing[workload.Ref.Namespace].At);

    /// <summary>Whether a policy is about a workload, in a namespace that it matches.</summary>
    public static bool Matches(SafeguardPolicy policy, ObservedWorkload workload) =>
        policy.Match.IncludesKind(workload.Ref.Kind) && policy.Match.IncludesLabels(workload.Spec.Labels);
}
