using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// The namespaces in which a request must wait for a decision: the leader registers them, and <c>doctor</c> checks that it did.
/// </summary>
public static class GuardedNamespaces
{
    /// <summary>
    /// Names of the namespaces in which an Enforce policy is active now, sorted; an invalid policy counts, because it refuses too.
    /// </summary>
    public static IReadOnlyList<string> Of(
        IEnumerable<SafeguardPolicy> policies,
        IEnumerable<(string Name, IReadOnlyDictionary<string, string> Labels)> namespaces,
        ClusterOptions options,
        DateTimeOffset now
    )
    {
        var enforcing = policies.Where(p => p.Mode is Mode.Enforce && p.Active.Contains(now)).ToList();
        return
        [
            .. namespaces
                .Where(n => !options.ExemptNamespaces.Contains(n.Name) && enforcing.Any(p => p.Match.IncludesNamespace(n.Labels)))
                .Select(n => n.Name)
                .Order(StringComparer.Ordinal),
        ];
    }
}
