using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// The namespaces with a rollout of an unproven revision in progress: there, removing pods of the proven revision speeds it up.
/// </summary>
internal static class RolloutNamespaces
{
    /// <param name="canaried">Namespaces in which an Enforce policy with a canary matches.</param>
    /// <param name="isRunningYet">Whether the rollout of a Change that completed once is in progress again.</param>
    /// <returns>Sorted names.</returns>
    public static IReadOnlyList<string> In(IEnumerable<string> canaried, IEnumerable<Change> changes, Func<Change, bool> isRunningYet)
    {
        var wanted = canaried.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. changes
                .Where(c =>
                    wanted.Contains(c.Workload.Namespace)
                    && (c.Phase is Phase.Admitted or Phase.Running || (c.Phase is Phase.Completed && isRunningYet(c)))
                )
                .Select(c => c.Workload.Namespace)
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Names of the namespaces in which an Enforce policy requires a canary now, sorted.</summary>
    public static IReadOnlyList<string> Canaried(
        IEnumerable<SafeguardPolicy> policies,
        IEnumerable<(string Name, IReadOnlyDictionary<string, string> Labels)> namespaces,
        ClusterOptions options,
        DateTimeOffset now
    ) => GuardedNamespaces.Of(policies.Where(p => p.Canary is { Required: not Required.Never }), namespaces, options, now);
}
