using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The keys under which cached Changes are found, so that no request reads all Changes of the cluster. Namespaces have no colon, so the
/// keys cannot collide.
/// </summary>
internal static class ChangeIndex
{
    /// <summary>Changes that used a BreakGlass and have not been reviewed since.</summary>
    public const string Unreviewed = "unreviewed:";

    public static string OfWorkload(WorkloadRef workload) => ClusterCaches.WorkloadKey(workload);

    public static string OfNamespace(string @namespace) => @namespace;

    /// <summary>Changes of a namespace that were never admitted.</summary>
    public static string NeverAdmitted(string @namespace) => $"never-admitted:{@namespace}";

    /// <summary>Changes that are admitted or running, and that a policy matched.</summary>
    public static string InFlight(string policy) => $"in-flight:{policy}";

    /// <summary>All keys of one Change.</summary>
    public static IReadOnlyList<string> KeysOf(Change change) =>
        [
            OfWorkload(change.Workload),
            OfNamespace(change.Workload.Namespace),
            .. IsNeverAdmitted(change) ? (string[])[NeverAdmitted(change.Workload.Namespace)] : [],
            .. change.AwaitsReview ? (string[])[Unreviewed] : [],
            .. change.Phase is Phase.Admitted or Phase.Running ? change.Policies.Distinct().Select(InFlight) : [],
        ];

    /// <summary>It waits for approval, was rejected or withdrawn or has expired, and was never admitted.</summary>
    public static bool IsNeverAdmitted(Change change) =>
        change.Phase is Phase.Pending or Phase.Rejected or Phase.Expired or Phase.Withdrawn && !change.WasAdmitted;
}
