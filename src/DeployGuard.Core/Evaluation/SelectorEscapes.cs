using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// Policies that a request takes its namespace or workload out of. Whoever may label may not by that choose not to be guarded: it
/// needs the verb <c>exempt</c> on the policy.
/// </summary>
internal static class SelectorEscapes
{
    /// <summary>Kept by the API server from 1.21 on; before that, whoever changes it slips out of every selector by name.</summary>
    private const string NameLabel = "kubernetes.io/metadata.name";

    /// <summary>Policies that hold now, or will, and that match before the request but not after it.</summary>
    public static IReadOnlyList<SafeguardPolicy> Of(Request request, ClusterSnapshot cluster, DateTimeOffset now) => request switch
    {
        NamespaceRequest ns => [.. Lasting(cluster, now).Where(p => p.Match.IncludesNamespace(ns.LabelsBefore) && (LosesName(ns) || !p.Match.IncludesNamespace(ns.LabelsAfter)))],
        WorkloadRequest { Before: { } before, After: { } after } =>
        [
            .. Lasting(cluster, now).Where(p =>
                p.Match.IncludesKind(request.Target.Kind)
                && p.Match.IncludesNamespace(cluster.NamespaceLabels)
                && p.Match.IncludesLabels(before.Labels) && !p.Match.IncludesLabels(after.Labels)),
        ],
        WorkloadRequest or ScaleRequest or OpaqueRequest or ServiceRequest or EndpointsRequest => [],
        _ => throw new InvalidOperationException($"no departures are known for a {request.GetType().Name}"),
    };

    private static IEnumerable<SafeguardPolicy> Lasting(ClusterSnapshot cluster, DateTimeOffset now) =>
        cluster.Policies.Where(p => p.Active.Until is null || now < p.Active.Until);

    private static bool LosesName(NamespaceRequest ns) =>
        ns.LabelsBefore.TryGetValue(NameLabel, out var name) && ns.LabelsAfter.GetValueOrDefault(NameLabel) != name;
}
