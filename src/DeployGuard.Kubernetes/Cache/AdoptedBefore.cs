using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Whether a workload existed when its namespace was adopted. Its creation time is set by the API server, and cannot be forged.
/// </summary>
internal static class AdoptedBefore
{
    /// <param name="policies">Those that match the namespace.</param>
    /// <returns>True also if no policy that matches the workload has adopted the namespace yet.</returns>
    public static bool Covers(ObservedWorkload workload, IEnumerable<PolicyEntry> policies) =>
        policies
            .Where(p =>
                p.Policy.Mode is Mode.Enforce && Matches(p.Policy, workload) && p.AdoptedServing.ContainsKey(workload.Ref.Namespace)
            )
            .All(p => workload.Spec.CreatedAt is { } made && made <= p.AdoptedServing[workload.Ref.Namespace].At);

    /// <summary>Whether a policy matches a workload of a namespace that it matches.</summary>
    public static bool Matches(SafeguardPolicy policy, ObservedWorkload workload) =>
        policy.Match.IncludesKind(workload.Ref.Kind) && policy.Match.IncludesLabels(workload.Spec.Labels);
}
