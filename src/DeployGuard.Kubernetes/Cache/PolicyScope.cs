using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>What a policy applies to now, from the caches.</summary>
internal static class PolicyScope
{
    /// <summary>Names of the namespaces that it matches, sorted.</summary>
    public static IReadOnlyList<string> NamespacesOf(this ClusterCaches caches, PolicyMatch match, IReadOnlyList<string> exempt) =>
        [.. caches.SelectedBy(match).Where(n => !exempt.Contains(n))];

    public static PolicyReach ReachOf(this ClusterCaches caches, PolicyMatch match, IReadOnlyList<string> exempt)
    {
        var namespaces = caches.NamespacesOf(match, exempt);
        var present = namespaces
            .SelectMany(n => caches.Workloads.Values.SelectMany(c => c.Under(n)))
            .Where(w => w.ControllerUid.Length == 0)
            .ToList();
        return new PolicyReach(namespaces, present.Count(w => match.Includes(w.Spec)))
        {
            Present = present.Count,
            Exempted = [.. caches.SelectedBy(match).Where(exempt.Contains)],
        };
    }

    private static IEnumerable<string> SelectedBy(this ClusterCaches caches, PolicyMatch match) =>
        caches.Namespaces.All().Where(n => !n.Ends && match.IncludesNamespace(n.Labels)).Select(n => n.Name).Order(StringComparer.Ordinal);
}
