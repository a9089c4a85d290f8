using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The ReplicaSet of a revision that must not serve, because it was rejected, awaits a review, or never completed. Its Deployment keeps it
/// with no pods. Going back to it through the Deployment is a new revision; more pods of the ReplicaSet itself must not be a way around.
/// </summary>
internal static class OldRevision
{
    public static IEnumerable<Finding> In(Inspection inspection)
    {
        var (request, cluster) = (inspection.Evaluated.Request, inspection.Cluster);
        return request switch
        {
            WorkloadRequest { Before: { Type.HoldsOneRevision: true } before, After: var after } => OfSet(
                before,
                after?.Replicas > before.Replicas,
                inspection
            ),
            ScaleRequest scale when cluster.Parent is { Type.HoldsOneRevision: true } set => OfSet(
                set,
                scale.ReplicasAfter > scale.ReplicasBefore,
                inspection
            ),
            WorkloadRequest { Before: null, After: { Strategy.Paused: true, Replicas: > 0 } made } => Paused(
                made,
                Untrusted(cluster.Changes, inspection).Where(c => !c.HasHash(made.Template.Hash))
            ),
            WorkloadRequest { Before: not null, After: { Strategy.Paused: true, Replicas: > 0 } changed } => Paused(
                    changed,
                    Untrusted(cluster.Changes, inspection).Where(c => IsKept(c, cluster))
                )
                .Where(_ => cluster.History.All(h => h.TemplateHash != changed.Template.Hash)),
            ScaleRequest { ReplicasBefore: 0, ReplicasAfter: > 0 } when cluster.Parent is { Strategy.Paused: true } parent => Paused(
                parent,
                Untrusted(cluster.Changes, inspection).Where(c => !c.HasHash(parent.Template.Hash))
            ),
            _ => [],
        };
    }

    private static IEnumerable<Finding> OfSet(Workload set, bool isRaised, Inspection inspection)
    {
        var cluster = inspection.Cluster;
        var owner = cluster.Owners.FirstOrDefault(o => o.Type.HasReplicaSets && o.Uid == set.ControllerUid);
        var untrusted = Untrusted(cluster.RevisionChanges, inspection);
        var hash = set.Template.Hash;
        return !isRaised && owner is { Strategy.Paused: true, Replicas: > 0 }
                ? Paused(owner, untrusted.Where(c => c.Workload == owner.Ref && !c.HasHash(owner.Template.Hash) && !c.HasHash(hash)))
            : isRaised && owner?.Template.Hash != hash ? untrusted.Where(c => c.HasHash(hash)).Take(1).Select(c => Raised(set, c))
            : [];
    }

    /// <summary>Without a completed record of the same template beside it: two Deployments may have had the same one.</summary>
    private static IEnumerable<Change> Untrusted(IReadOnlyList<Change> changes, Inspection inspection) =>
        inspection.Policy.Approval is { } rules
            ? changes.Where(c =>
                !c.HasCompleted
                && (c.IsUnreviewed || inspection.Policy.IsRequired(rules.Required, c.Origin))
                && !changes.Any(o => o.HasCompleted && o.HasHash(c.TemplateHash))
            )
            : [];

    private static bool IsKept(Change change, ClusterSnapshot cluster) => cluster.History.Any(h => change.HasHash(h.TemplateHash));

    private static Finding Raised(Workload set, Change change) =>
        new(
            Reasons.OldRevision,
            "spec.replicas",
            $"{set.Ref.KubectlName} has a revision of {change.Workload.KubectlName} that {Why(change)} (change {change.Name})",
            $"Go to that revision in {change.Workload.KubectlName}, which asks for an approval"
        );

    private static IEnumerable<Finding> Paused(Workload deployment, IEnumerable<Change> untrusted) =>
        untrusted
            .Take(1)
            .Select(change => new Finding(
                Reasons.OldRevision,
                "spec.paused",
                $"while {deployment.Ref.KubectlName} is paused, its controller may give these pods to a revision that {Why(change)} "
                    + $"(change {change.Name})",
                $"Resume it first: kubectl rollout resume {deployment.Ref.KubectlName} -n {deployment.Ref.Namespace}"
            ));

    private static string Why(Change change) =>
        change.BreakGlassUses.FirstOrDefault(u => u.IsRejected) is { } rejected ? $"{rejected.ReviewedBy} rejected"
        : change.IsUnreviewed ? "awaits the review of its break-glass"
        : "never completed";
}
