using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>What a policy applies to now, from the caches.</summary>
internal static class PolicyScope
{
    /// <summary>Names of the namespaces that it matches, sorted.</summary>
    public static IReadOnlyList<string> NamespacesOf(this ClusterCaches caches, PolicyMatch match, IReadOnlyList<string> exempt) =>
        [
            .. caches
                .Namespaces.All()
                .Where(n => !n.Ends && !exempt.Contains(n.Name) && match.IncludesNamespace(n.Labels))
                .Select(n => n.Name)
                .Order(StringComparer.Ordinal),
        ];

    public static PolicyReach ReachOf(this ClusterCaches caches, PolicyMatch match, IReadOnlyList<string> exempt)
    {
        var namespaces = caches.NamespacesOf(match, exempt);
        var workloads = namespaces.Sum(n =>
            caches.Workloads.Values.Sum(c => c.Under(n).Count(w => w.ControllerUid.Length == 0 && match.Includes(w.Spec)))
        );
        return new PolicyReach(namespaces, workloads);
    }
}
