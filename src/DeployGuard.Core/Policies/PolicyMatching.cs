using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

/// <summary>Which policies a request falls under: those that match it before or after, so that no request can slip out of one.</summary>
internal static class PolicyMatching
{
    public static IReadOnlyList<SafeguardPolicy> Matching(Request request, ClusterView view, DateTimeOffset now) =>
        request is NamespaceRequest ? [] : [.. view.Policies.Where(p => p.Active.Contains(now) && MatchesAtAll(p, request, view))];

    /// <summary>Policies that will match when they become active.</summary>
    public static IEnumerable<SafeguardPolicy> Upcoming(Request request, ClusterView view, DateTimeOffset now) =>
        request is NamespaceRequest ? [] : view.Policies.Where(p => p.Active.From is { } from && now < from && MatchesAtAll(p, request, view));

    private static bool MatchesAtAll(SafeguardPolicy policy, Request request, ClusterView view) =>
        (view.NamespaceLabels is null || policy.Match.Namespaces.Matches(view.NamespaceLabels))
        && ((MatchesKind(policy, request) && MatchesWorkload(policy, request, view)) || view.Owners.Any(o => Selects(policy, o) && MatchesKind(policy, o.Ref.Kind)));

    /// <summary>A Service and its addresses have pods of any kind; which of them a policy wants proof of is asked for each.</summary>
    private static bool MatchesKind(SafeguardPolicy policy, Request request) => request is ServiceRequest or EndpointsRequest || MatchesKind(policy, request.Target.Kind);

    private static bool MatchesKind(SafeguardPolicy policy, string kind) => policy.Match.Kinds.Count == 0 || policy.Match.Kinds.Contains(kind);

    private static bool MatchesWorkload(SafeguardPolicy policy, Request request, ClusterView view) => request switch
    {
        WorkloadRequest { Before: null, After: null } => true,
        WorkloadRequest workload => Selects(policy, workload.Before) || Selects(policy, workload.After),
        ScaleRequest when view.Parent is { } parent => Selects(policy, parent),
        // A scale of an unknown parent has no labels, an opaque object none that say anything: better asked too often than missed.
        ScaleRequest or OpaqueRequest or ServiceRequest or EndpointsRequest => true,
        _ => throw new InvalidOperationException($"no labels are known for a {request.GetType().Name}"),
    };

    private static bool Selects(SafeguardPolicy policy, Workload? workload) => workload is not null && policy.Match.Workloads.Matches(workload.Labels);
}
