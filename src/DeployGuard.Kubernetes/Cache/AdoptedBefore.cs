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
    public static bool WasPutOnRecord(ObservedWorkload workload, PolicyList policies)
    {
        var isMatched = false;
        foreach (var policy in policies.EnforcedSinceAdoptionOf(workload.Ref.Namespace).Of(workload.Ref.Kind, workload.Spec.Labels, null))
        {
            if (!policy.Policy.Match.Includes(workload.Spec))
            {
                continue;
            }

            isMatched = true;
            if (!(workload.Spec.CreatedAt is { } made && made <= policy.AdoptedServing[workload.Ref.Namespace].At))
            {
                return false;
            }
        }

        return isMatched;
    }

    /// <summary>The same, and true if none of these policies has adopted the namespace yet: what runs is all that is known.</summary>
    /// <param name="policies">Those that match the namespace.</param>
    private static bool Covers(ObservedWorkload workload, PolicyList policies) =>
        policies.EnforcedSinceAdoptionOf(workload.Ref.Namespace).All.Count == 0 || WasPutOnRecord(workload, policies);

    /// <summary>
    /// Whether a workload has records of its own, which may have been lost. What a controller makes for another one has its owner's.
    /// </summary>
    public static bool IsOnRecord(ObservedWorkload workload, PolicyList policies) =>
        !(workload.Ref.Type.CountsWithOwner && workload.ControllerUid.Length > 0) && Covers(workload, policies);
}
