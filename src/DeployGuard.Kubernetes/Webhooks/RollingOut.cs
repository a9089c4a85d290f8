using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>In which namespaces a rollout of something unproven is under way: there, taking away what is proven speeds it up.</summary>
internal static class RollingOut
{
    /// <param name="canaried">Namespaces in which an Enforce policy with a canary matches.</param>
    /// <param name="isRunningYet">Whether the rollout of a Change that completed once is under way.</param>
    /// <returns>Sorted names.</returns>
    public static IReadOnlyList<string> In(IEnumerable<string> canaried, IEnumerable<Change> changes, Func<Change, bool> isRunningYet)
    {
        var asked = canaried.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. changes.Where(c => asked.Contains(c.Workload.Namespace) && (c.Phase is Phase.Admitted or Phase.Running || (c.Phase is Phase.Completed && isRunningYet(c))))
                .Select(c => c.Workload.Namespace).Distinct().Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Names of the namespaces in which an Enforce policy asks for a canary now, sorted.</summary>
    public static IReadOnlyList<string> Canaried(
        IEnumerable<SafeguardPolicy> policies, IEnumerable<(string Name, IReadOnlyDictionary<string, string> Labels)> namespaces, ClusterOptions options, DateTimeOffset now) =>
        GuardedNamespaces.Of(policies.Where(p => p.Canary is { Required: not Required.Never }), namespaces, options, now);
}
