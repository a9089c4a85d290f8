using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

/// <summary>Which policies a request falls under: those that match it before or after, so that no request can slip out of one.</summary>
internal static class PolicyMatching
{
    public static IReadOnlyList<SafeguardPolicy> Matching(Request request, ClusterView view, DateTimeOffset now) => request is NamespaceRequest ? [] :
    [
        .. view.Policies.Where(policy =>
            policy.Active.Contains(now)
            && (policy.Match.Kinds.Count == 0 || policy.Match.Kinds.Contains(request.Target.Kind))
            && (view.NamespaceLabels is null || policy.Match.Namespaces.Matches(view.NamespaceLabels))
            && MatchesWorkload(policy, request)),
    ];

    private static bool MatchesWorkload(SafeguardPolicy policy, Request request) => request switch
    {
        WorkloadRequest { Before: null, After: null } => true,
        WorkloadRequest workload => Selects(policy, workload.Before) || Selects(policy, workload.After),
        // A scale carries no labels of its parent, an opaque object none that say anything: better asked too often than missed.
        ScaleRequest or OpaqueRequest => true,
        _ => throw new InvalidOperationException($"no labels are known for a {request.GetType().Name}"),
    };

    private static bool Selects(SafeguardPolicy policy, Workload? workload) => workload is not null && policy.Match.Workloads.Matches(workload.Labels);
}
