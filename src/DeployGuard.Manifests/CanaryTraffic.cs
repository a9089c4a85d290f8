using DeployGuard.Core.Policies;

namespace DeployGuard.Manifests;

/// <summary>Services and their addresses that a policy with a canary concerns. Which pods get users, only a cluster knows.</summary>
/// <param name="Policies">Names of these policies.</param>
public sealed record CanaryTraffic(string Kind, IReadOnlyList<string> Policies)
{
    internal static IEnumerable<CanaryTraffic> Of(
        SkippedObjects skipped,
        IReadOnlyList<SafeguardPolicy> policies,
        NamespaceLabels labels
    ) =>
        skipped
            .Traffic.Select(t => new CanaryTraffic(
                t.Kind,
                [.. NamespaceLabels.PossibleIn(t.Namespace, policies).Where(p => Concerns(p, labels.Of(t.Namespace))).Select(p => p.Name)]
            ))
            .Where(t => t.Policies.Count > 0);

    private static bool Concerns(SafeguardPolicy policy, IReadOnlyDictionary<string, string>? labels) =>
        policy.Canary is not null && policy.Match.IncludesNamespace(labels);
}
