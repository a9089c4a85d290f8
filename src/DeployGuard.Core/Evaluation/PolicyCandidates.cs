using System.Runtime.CompilerServices;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// The policies of a snapshot that may match a request. The list of a snapshot is the same one until a policy or the namespace changes, so
/// what is found out about it is kept as long as the list.
/// </summary>
internal static class PolicyCandidates
{
    /// <summary>So few are looked at one by one in less time.</summary>
    private const int Few = 16;

    private static readonly ConditionalWeakTable<IReadOnlyList<SafeguardPolicy>, PolicyIndex<SafeguardPolicy>> s_indexes = [];

    /// <summary>All that match before or after the request, and some that do not; in the order of the snapshot.</summary>
    public static IReadOnlyList<SafeguardPolicy> Of(Request request, ClusterSnapshot cluster)
    {
        // An owner may be of another kind and have other labels, and the pods behind a Service as well.
        if (cluster.Policies.Count <= Few || cluster.Owners.Count > 0 || request is ServiceRequest or EndpointsRequest or NamespaceRequest)
        {
            return cluster.Policies;
        }

        var index = s_indexes.GetValue(cluster.Policies, all => new PolicyIndex<SafeguardPolicy>(all, p => p.Match));
        return request switch
        {
            WorkloadRequest workload when (workload.Before ?? workload.After) is not null => index.Of(
                request.Target.Kind,
                workload.Before?.Labels,
                workload.After?.Labels
            ),
            ScaleRequest when cluster.Parent is { } parent => index.Of(request.Target.Kind, parent.Labels, null),
            // The labels are not known: all of the kind may match.
            _ => index.Of(request.Target.Kind),
        };
    }
}
