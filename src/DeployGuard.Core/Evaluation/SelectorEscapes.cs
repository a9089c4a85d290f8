using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// Policies whose scope a request takes its namespace or workload out of. The permission to change labels is not enough for this: the
/// requester needs the verb <c>exempt</c> on the policy.
/// </summary>
internal static class SelectorEscapes
{
    /// <summary>
    /// The API server protects it since 1.21. On older servers, changing it would escape every selector that uses the name.
    /// </summary>
    private const string NameLabel = "kubernetes.io/metadata.name";

    /// <summary>Policies that are active now or later, and that match before the request but not after it.</summary>
    public static IReadOnlyList<SafeguardPolicy> Of(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        // With the same labels it stays where it is: nearly all requests end here.
        request is WorkloadRequest { Before: { } before, After: { } after }
        && Maps.Same(before.Labels, after.Labels)
            ? []
            : Left(request, cluster, now);

    private static IReadOnlyList<SafeguardPolicy> Left(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        request switch
        {
            NamespaceRequest ns =>
            [
                .. Lasting(cluster.Policies, now)
                    .Where(p =>
                        p.Match.IncludesNamespace(ns.LabelsBefore) && (LosesName(ns) || !p.Match.IncludesNamespace(ns.LabelsAfter))
                    ),
            ],
            WorkloadRequest { Before: { } before, After: { } after } =>
            [
                .. Lasting(PolicyCandidates.Of(request, cluster), now)
                    .Where(p =>
                        p.Match.IncludesKind(request.Target.Kind)
                        && p.Match.IncludesNamespace(cluster.NamespaceLabels)
                        && p.Match.IncludesLabels(before.Labels)
                        && !p.Match.IncludesLabels(after.Labels)
                    ),
            ],
            WorkloadRequest or ScaleRequest or OpaqueRequest or ServiceRequest or EndpointsRequest => [],
            _ => throw new InvalidOperationException($"no selector escapes are known for a {request.GetType().Name}"),
        };

    private static IEnumerable<SafeguardPolicy> Lasting(IReadOnlyList<SafeguardPolicy> policies, DateTimeOffset now) =>
        policies.Where(p => p.Active.Until is null || now < p.Active.Until);

    private static bool LosesName(NamespaceRequest ns) =>
        ns.LabelsBefore.TryGetValue(NameLabel, out var name) && ns.LabelsAfter.GetValueOrDefault(NameLabel) != name;
}
