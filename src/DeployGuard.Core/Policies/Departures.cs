using DeployGuard.Core.Changes;

namespace DeployGuard.Core.Policies;

/// <summary>
/// Policies that a request takes its namespace or workload out of. Whoever may label may not by that choose not to be guarded: it
/// needs the verb <c>exempt</c> on the policy.
/// </summary>
internal static class Departures
{
    /// <summary>Kept by the API server from 1.21 on; before that, whoever changes it slips out of every selector by name.</summary>
    private const string NameLabel = "kubernetes.io/metadata.name";

    /// <summary>Policies that hold now, or will, and that match before the request but not after it.</summary>
    public static IReadOnlyList<SafeguardPolicy> Of(Request request, ClusterView view, DateTimeOffset now) => request switch
    {
        NamespaceRequest ns => [.. Lasting(view, now).Where(p => p.Match.Namespaces.Matches(ns.LabelsBefore) && (LosesName(ns) || !p.Match.Namespaces.Matches(ns.LabelsAfter)))],
        WorkloadRequest { Before: { } before, After: { } after } =>
        [
            .. Lasting(view, now).Where(p =>
                (p.Match.Kinds.Count == 0 || p.Match.Kinds.Contains(request.Target.Kind))
                && (view.NamespaceLabels is null || p.Match.Namespaces.Matches(view.NamespaceLabels))
                && p.Match.Workloads.Matches(before.Labels) && !p.Match.Workloads.Matches(after.Labels)),
        ],
        WorkloadRequest or ScaleRequest or OpaqueRequest or ServiceRequest or EndpointsRequest => [],
        _ => throw new InvalidOperationException($"no departures are known for a {request.GetType().Name}"),
    };

    private static IEnumerable<SafeguardPolicy> Lasting(ClusterView view, DateTimeOffset now) =>
        view.Policies.Where(p => p.Active.Until is null || now < p.Active.Until);

    private static bool LosesName(NamespaceRequest ns) =>
        ns.LabelsBefore.TryGetValue(NameLabel, out var name) && ns.LabelsAfter.GetValueOrDefault(NameLabel) != name;
}
