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
            WorkloadRequest { Before: null or { Replicas: 0 }, After: { Strategy.Paused: true, Replicas: > 0 } started } => PausedAlone(
                started,
                inspection
            ),
            ScaleRequest { ReplicasBefore: 0, ReplicasAfter: > 0 } when cluster.Parent is { Strategy.Paused: true } parent => PausedAlone(
                parent,
                inspection
            ),
            _ => [],
        };
    }

    /// <summary>
    /// The controller of a paused Deployment makes no ReplicaSet. Where none has pods, it may take the newest that is there, also if one of
    /// the same revision is: it compares whole templates.
    /// </summary>
    private static IEnumerable<Finding> PausedAlone(Workload deployment, Inspection inspection) =>
        Paused(deployment, Untrusted(inspection.Cluster.Changes, inspection).Where(c => !c.HasHash(deployment.Template.Hash)));

    private static IEnumerable<Finding> OfSet(Workload set, bool isRaised, Inspection inspection)
    {
        var cluster = inspection.Cluster;
        var owner = cluster.Owners.FirstOrDefault(o => o.Type.HasReplicaSets && o.Uid == set.ControllerUid);
        var untrusted = Untrusted(cluster.RevisionChanges, inspection);
        bool IsOfSet(Change change) => change.HasHash(set.Template.Hash) || change.IsOwnedRevision(set.Uid, set.Template.Hash);
        return !isRaised && set.Replicas > 0 && owner is { Strategy.Paused: true, Replicas: > 0 }
                ? Paused(owner, untrusted.Where(c => c.Workload == owner.Ref && !c.HasHash(owner.Template.Hash) && !IsOfSet(c)))
            : isRaised && owner?.Template.Hash != set.Template.Hash && !cluster.Changes.Any(c => c.HasCompleted && IsOfSet(c))
                ? untrusted.Where(IsOfSet).Take(1).Select(c => Raised(set, c))
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

    private static Finding Raised(Workload set, Change change) =>
        new(
            Reasons.OldRevision,
            "spec.replicas",
            $"{set.Ref.KubectlName} has a revision of {change.Workload.KubectlName} that {Why(change)} (change {change.Name})",
            $"Go to that revision in {change.Workload.KubectlName}, which asks for an approval"
        );

    private static IEnumerable<Finding> Paused(Workload deployment, IEnumerable<Change> untrusted) =>
        untrusted
            // What was never admitted has no ReplicaSet.
            .Where(c => c.WasAdmitted)
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
