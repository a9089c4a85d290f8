using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The ReplicaSet of a revision that must not serve, because it was rejected, awaits a review, or never completed. Its Deployment keeps it
/// with no pods. Going back to it through the Deployment is a new revision; more pods of the ReplicaSet itself must not be a way around,
/// no matter who asks for them. Its own controller does where a Deployment is paused and loses the ReplicaSet that serves: it then takes
/// the newest one that it can own, and there are many ways to bring that about.
/// </summary>
internal static class OldRevision
{
    public static IEnumerable<Finding> In(Inspection inspection) =>
        inspection.Evaluated.Request switch
        {
            WorkloadRequest { Before: { Type.HoldsOneRevision: true } before, After: { } after } => OfSet(
                after,
                before.Replicas,
                after.Replicas,
                inspection
            ),
            ScaleRequest scale when inspection.Cluster.Parent is { Type.HoldsOneRevision: true } set => OfSet(
                set,
                scale.ReplicasBefore,
                scale.ReplicasAfter,
                inspection
            ),
            _ => [],
        };

    private static IEnumerable<Finding> OfSet(Workload set, int before, int after, Inspection inspection)
    {
        var cluster = inspection.Cluster;
        var owner = cluster.Owners.FirstOrDefault(o => o.Type.HasReplicaSets && o.Uid == set.ControllerUid);
        return
            after <= before
            || owner?.Template.Hash == set.Template.Hash
            // A ReplicaSet that stands alone has records of its own.
            || cluster.Changes.Any(c => c.HasCompleted && IsRecord(c, set))
            ? []
            : Untrusted(set, owner, inspection);
    }

    private static IEnumerable<Finding> Untrusted(Workload set, Workload? owner, Inspection inspection)
    {
        var (cluster, policy) = (inspection.Cluster, inspection.Policy);
        var records = cluster.RevisionChanges.Where(c => IsRecord(c, set)).ToList();
        if (policy.Approval is not { } rules || records.Any(c => c.HasCompleted))
        {
            return [];
        }

        // The cache may show a Deployment as it was before it went on to this revision, which its controller does in milliseconds.
        var mayBeNewest = inspection.Evaluated.ChangeType is ChangeType.KeptRevision && owner is not { Strategy.Paused: true };
        if (records.FirstOrDefault(c => c.IsUnreviewed || (!mayBeNewest && policy.IsRequired(rules.Required, c.Origin))) is { } change)
        {
            return [Refuse(set, owner, $"{change.Workload.KubectlName} that {Why(change)} (change {change.Name})", change.Workload)];
        }

        // One of a Deployment whose other revisions are on record. What is only named like it stands alone, and has records of its own.
        return
            records.Count == 0
            && !mayBeNewest
            && cluster is { RevisionChanges: [var other, ..], Changes.Count: 0 }
            && policy.IsRequired(rules.Required, OriginKind.Unknown)
            ? [Refuse(set, owner, $"{other.Workload.KubectlName} that has no record", other.Workload)]
            : [];
    }

    private static bool IsRecord(Change change, Workload set) =>
        change.HasHash(set.Template.Hash) || change.IsOwnedRevision(set.Uid, set.Template.Hash);

    private static Finding Refuse(Workload set, Workload? owner, string what, WorkloadRef deployment) =>
        new(
            Reasons.OldRevision,
            "spec.replicas",
            $"{set.Ref.KubectlName} has a revision of {what}",
            owner is { Strategy.Paused: true }
                ? $"Resume {owner.Ref.KubectlName}, which then makes pods of its own revision: kubectl rollout resume "
                    + $"{owner.Ref.KubectlName} -n {owner.Ref.Namespace}"
                : $"Go to that revision in {deployment.KubectlName}, which asks for an approval"
        );

    private static string Why(Change change) =>
        change.BreakGlassUses.FirstOrDefault(u => u.IsRejected) is { } rejected ? $"{rejected.ReviewedBy} rejected"
        : change.IsUnreviewed ? "awaits the review of its break-glass"
        : "never completed";
}
