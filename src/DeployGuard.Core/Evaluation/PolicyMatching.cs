using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>Which policies a request falls under: those that match it before or after, so that no request can slip out of one.</summary>
internal static class PolicyMatching
{
    /// <summary>Policies that match and are active now.</summary>
    public static IReadOnlyList<SafeguardPolicy> Active(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        request is NamespaceRequest ? [] : [.. cluster.Policies.Where(p => p.Active.Contains(now) && Matches(p, request, cluster))];

    /// <summary>Policies that will match when they become active.</summary>
    public static IEnumerable<SafeguardPolicy> Upcoming(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        request is NamespaceRequest ? [] : cluster.Policies.Where(p => p.Active.From is { } from && now < from && Matches(p, request, cluster));

    private static bool Matches(SafeguardPolicy policy, Request request, ClusterSnapshot cluster) =>
        policy.Match.IncludesNamespace(cluster.NamespaceLabels)
        && ((MatchesKind(policy, request) && MatchesWorkload(policy, request, cluster)) || cluster.Owners.Any(policy.Match.Includes));

    /// <summary>A Service and its addresses have pods of any kind; which of them a policy wants proof of is asked for each.</summary>
    private static bool MatchesKind(SafeguardPolicy policy, Request request) => request is ServiceRequest or EndpointsRequest || policy.Match.IncludesKind(request.Target.Kind);

    private static bool MatchesWorkload(SafeguardPolicy policy, Request request, ClusterSnapshot cluster) => request switch
    {
        WorkloadRequest { Before: null, After: null } => true,
        WorkloadRequest workload => Selects(policy, workload.Before) || Selects(policy, workload.After),
        ScaleRequest when cluster.Parent is { } parent => Selects(policy, parent),
        // A scale of an unknown parent has no labels, an opaque object none that say anything: better asked too often than missed.
        ScaleRequest or OpaqueRequest or ServiceRequest or EndpointsRequest => true,
        _ => throw new InvalidOperationException($"no labels are known for a {request.GetType().Name}"),
    };

    private static bool Selects(SafeguardPolicy policy, Workload? workload) => workload is not null && policy.Match.IncludesLabels(workload.Labels);
}
