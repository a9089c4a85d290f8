using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>Where the API server must wait for an answer. For the leader that says so to it, and for doctor that asks whether it was told.</summary>
public static class GuardedNamespaces
{
    /// <summary>Names of the namespaces in which an Enforce policy is active now, sorted; a policy that cannot be read counts, as it refuses too.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<SafeguardPolicy> policies, IEnumerable<(string Name, IReadOnlyDictionary<string, string> Labels)> namespaces, ClusterOptions options, DateTimeOffset now)
    {
        var enforcing = policies.Where(p => p.Mode is Mode.Enforce && p.Active.Contains(now)).ToList();
        return [.. namespaces.Where(n => !options.ExemptNamespaces.Contains(n.Name) && enforcing.Any(p => p.Match.IncludesNamespace(n.Labels))).Select(n => n.Name).Order(StringComparer.Ordinal)];
    }
}
