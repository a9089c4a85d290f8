using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>The policies that match a request: before or after it, so that no request can escape a policy by its own change.</summary>
internal static class PolicyMatching
{
    /// <summary>Policies that match and are active now.</summary>
    public static IReadOnlyList<SafeguardPolicy> Active(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        Matching(request, cluster, now, isActive: true) ?? [];

    /// <summary>Policies that will match when they become active.</summary>
    public static IReadOnlyList<SafeguardPolicy> Upcoming(Request request, ClusterSnapshot cluster, DateTimeOffset now) =>
        Matching(request, cluster, now, isActive: false) ?? [];

    /// <summary>Null for none.</summary>
    private static List<SafeguardPolicy>? Matching(Request request, ClusterSnapshot cluster, DateTimeOffset now, bool isActive)
    {
        if (request is NamespaceRequest)
        {
            return null;
        }

        List<SafeguardPolicy>? matching = null;
        foreach (var policy in PolicyCandidates.Of(request, cluster))
        {
            if ((isActive ? policy.Active.Contains(now) : now < policy.Active.From) && Matches(policy, request, cluster))
            {
                (matching ??= []).Add(policy);
            }
        }

        return matching;
    }

    private static bool Matches(SafeguardPolicy policy, Request request, ClusterSnapshot cluster) =>
        policy.Match.IncludesNamespace(cluster.NamespaceLabels)
        && (
            (MatchesKind(policy, request) && MatchesWorkload(policy, request, cluster))
            || (cluster.Owners.Count > 0 && cluster.Owners.Any(policy.Match.Includes))
        );

    /// <summary>
    /// A Service and its addresses may have pods of any kind. The canary checks for each pod whether the policy matches it.
    /// </summary>
    private static bool MatchesKind(SafeguardPolicy policy, Request request) =>
        request is ServiceRequest or EndpointsRequest || policy.Match.IncludesKind(request.Target.Kind);

    private static bool MatchesWorkload(SafeguardPolicy policy, Request request, ClusterSnapshot cluster) =>
        request switch
        {
            WorkloadRequest { Before: null, After: null } => true,
            WorkloadRequest workload => Selects(policy, workload.Before) || Selects(policy, workload.After),
            ScaleRequest when cluster.Parent is { } parent => Selects(policy, parent),
            // The labels of an unknown parent or an opaque object are not known: it is safer to evaluate too many requests than too few.
            ScaleRequest or OpaqueRequest or ServiceRequest or EndpointsRequest => true,
            _ => throw new InvalidOperationException($"no labels are known for a {request.GetType().Name}"),
        };

    private static bool Selects(SafeguardPolicy policy, Workload? workload) =>
        workload is not null && policy.Match.IncludesLabels(workload.Labels);
}
