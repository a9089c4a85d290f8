using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>Waivers of enforced findings: a BreakGlass of the requester, or an exempt identity.</summary>
internal static class Waivers
{
    public static Waiver? For(Inspection inspection, ISafeguard safeguard)
    {
        var request = inspection.Evaluated.Request;
        if (inspection.Policy.Exempt.Includes(request.Requester))
        {
            return Waiver.ExemptIdentity;
        }

        // The newest is for the present incident.
        var glass = inspection
            .Cluster.BreakGlasses.Where(g =>
                safeguard.IsWaivable
                && g.Waives.Contains(safeguard.Name)
                && g.MayBeUsedBy(request.Requester.Username)
                && CoveredBy(request, inspection.Cluster).Any(w => g.Covers(w, inspection.Now))
            )
            .MaxBy(g => g.CreatedAt);
        return glass is null ? null : new Waiver(glass);
    }

    /// <summary>
    /// The objects that a BreakGlass may name for a request: the object itself, the Service whose addresses it writes, or workloads that
    /// own it.
    /// </summary>
    private static IEnumerable<WorkloadRef> CoveredBy(Request request, ClusterSnapshot cluster) =>
        request switch
        {
            EndpointsRequest endpoints => new[] { endpoints.Service, endpoints.ServiceBefore }
                .Where(s => s.Length > 0)
                .Select(s => new WorkloadRef("", "Service", request.Target.Namespace, s)),
            _ => OwnersOf(request is WorkloadRequest workload ? workload.Before ?? workload.After : cluster.Parent, cluster)
                .Select(o => o.Ref)
                .Prepend(request.Target),
        };

    /// <summary>
    /// The verified owner of an object, and the owner of that one. An unverified owner reference must not relax anything.
    /// </summary>
    private static IEnumerable<Workload> OwnersOf(Workload? owned, ClusterSnapshot cluster)
    {
        for (
            var (owner, depth) = (OwnerOf(owned, cluster), 0);
            owner is not null && depth < 2;
            (owner, depth) = (OwnerOf(owner, cluster), depth + 1)
        )
        {
            yield return owner;
        }
    }

    private static Workload? OwnerOf(Workload? owned, ClusterSnapshot cluster) =>
        owned is null
            ? null
            : cluster.Owners.FirstOrDefault(o =>
                o.Uid.Length > 0
                && o.Uid == owned.ControllerUid
                && (owned.Type.IsOnePod ? Ownership.SelectsPods(o, owned.Template.Labels) : Ownership.IsOwnerOf(o, owned))
            );
}
