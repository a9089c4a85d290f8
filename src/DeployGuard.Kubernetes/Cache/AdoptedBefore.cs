using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Whether a workload existed when its namespace was adopted. Its creation time is set by the API server, and cannot be forged.
/// </summary>
internal static class AdoptedBefore
{
    /// <summary>
    /// Whether a workload existed when every policy that matches it adopted its namespace, and was put on record then. Not if only policies
    /// that do not match it did: nothing is known of it then.
    /// </summary>
    /// <param name="policies">Those that match the namespace.</param>
    /// <returns>True also if none of these policies has adopted the namespace yet: what runs is all that is known.</returns>
    public static bool Covers(ObservedWorkload workload, IEnumerable<PolicyEntry> policies)
    {
        var adopted = policies.Where(p => p.Policy.Mode is Mode.Enforce && p.AdoptedServing.ContainsKey(workload.Ref.Namespace)).ToList();
        var matching = adopted.Where(p => p.Policy.Match.Includes(workload.Spec)).ToList();
        return adopted.Count == 0
            || (
                matching.Count > 0
                && matching.TrueForAll(p => workload.Spec.CreatedAt is { } made && made <= p.AdoptedServing[workload.Ref.Namespace].At)
            );
    }

    /// <summary>
    /// Whether a workload has records of its own, which may have been lost. What a controller makes for another one has its owner's.
    /// </summary>
    public static bool IsOnRecord(ObservedWorkload workload, IEnumerable<PolicyEntry> policies) =>
        !(workload.Ref.Type.CountsWithOwner && workload.ControllerUid.Length > 0) && Covers(workload, policies);
}
