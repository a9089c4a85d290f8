using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The ReplicaSet of a revision that must not serve, because it was rejected, awaits a review, or never completed. Its Deployment keeps it
/// with no pods. Going back to it through the Deployment is a new revision. More pods of the ReplicaSet itself must not be a way around,
/// nor a paused Deployment: its controller makes no ReplicaSet, and where none of its own has pods it takes the newest one that is there.
/// </summary>
/// <remarks>
/// Not even one with the hash of the Deployment: the controller compares whole templates, also what the hash leaves out.
/// </remarks>
internal static class OldRevision
{
    public static IEnumerable<Finding> In(Inspection inspection)
    {
        var (request, cluster) = (inspection.Evaluated.Request, inspection.Cluster);
        return request switch
        {
            WorkloadRequest { Target.Type.HoldsOneRevision: true } of => OfSet(of.Before, of.After, inspection),
            ScaleRequest scale when cluster.Parent is { Type.HoldsOneRevision: true } set => OfSet(
                set with
                {
                    Replicas = scale.ReplicasBefore,
                },
                set with
                {
                    Replicas = scale.ReplicasAfter,
                },
                inspection
            ),
            WorkloadRequest { After: { } after } of => OfDeployment(after, after.Replicas, of.Before?.Replicas ?? 0, inspection),
            ScaleRequest scale when cluster.Parent is { } parent => OfDeployment(
                parent,
                scale.ReplicasAfter,
                scale.ReplicasBefore,
                inspection
            ),
            _ => [],
        };
    }

    /// <summary>
    /// A ReplicaSet that has pods keeps them, so a Deployment that had pods before may be changed. One that had none may not rest on what
    /// the cache still shows.
    /// </summary>
    private static IEnumerable<Finding> OfDeployment(Workload deployment, int replicas, int before, Inspection inspection)
    {
        if (deployment is not { Type.HasReplicaSets: true, Strategy.Paused: true } || replicas == 0)
        {
            return [];
        }

        var kept = inspection.Cluster.RevisionSets.Where(s => Ownership.MayUse(deployment, s.Set)).ToList();
        bool IsTrusted(RevisionSet s) => s.Set.Template.Hash == deployment.Template.Hash || Distrust.Of(s, inspection) is null;
        return before > 0 && kept.Any(s => s.Set.Replicas > 0 && IsTrusted(s))
            ? []
            : Paused(deployment, DistrustedBeside(deployment, kept, inspection));
    }

    private static IEnumerable<Finding> OfSet(Workload? before, Workload? after, Inspection inspection) =>
        [
            .. after is null ? [] : Served(before, after, inspection),
            .. inspection
                .Cluster.SetUsers.SelectMany(d =>
                    before is { Replicas: > 0 } && IsLost(d, before, after) ? WithoutServing(d, before, inspection) : []
                )
                .Take(1),
        ];

    /// <summary>
    /// More pods, or a Deployment that may give it some: by a request right after this one, which the cache does not show yet.
    /// </summary>
    private static IEnumerable<Finding> Served(Workload? before, Workload after, Inspection inspection)
    {
        var users = inspection.Cluster.SetUsers.Where(d => Ownership.MayUse(d, after)).ToList();
        var joined = users.Where(d => before is null || !Ownership.MayUse(d, before)).ToList();
        return (joined.Count == 0 && !(after.Replicas > before?.Replicas)) || users.Any(d => d.Template.Hash == after.Template.Hash)
            ? []
            : inspection
                .Cluster.RevisionSets.Where(s =>
                    s.Set.Ref == after.Ref && !inspection.Cluster.Changes.Any(c => c.HasCompleted && s.IsRecordedBy(c))
                )
                .Select(s => Distrust.Of(s, inspection))
                .OfType<Distrust>()
                // Without a record it may be one that stands alone, and is only named like one of a Deployment.
                .Where(d => d.Change is not null || joined.Any(j => j.Strategy.Paused))
                .Take(1)
                .Select(d => new Finding(
                    Reasons.OldRevision,
                    joined.Count > 0 ? "metadata" : "spec.replicas",
                    $"{after.Ref.KubectlName} has a revision of {d.Deployment} that {d.Why}",
                    $"Go to that revision in {d.Deployment}, which asks for an approval"
                ));
    }

    /// <summary>
    /// A Deployment that is not paused makes a ReplicaSet for the one it loses, unless it is paused before its controller acts: then it
    /// must keep none that was rejected or awaits its review.
    /// </summary>
    private static IEnumerable<Finding> WithoutServing(Workload deployment, Workload set, Inspection inspection)
    {
        var others = inspection.Cluster.RevisionSets.Where(s => s.Set.Ref != set.Ref && Ownership.MayUse(deployment, s.Set));
        var distrusted = DistrustedBeside(deployment, others, inspection);
        return deployment.Strategy.Paused
            ? Paused(deployment, distrusted)
            : distrusted
                .Where(d => d.Change is { IsUnreviewed: true })
                .Take(1)
                .Select(d => new Finding(
                    Reasons.OldRevision,
                    "",
                    $"{set.Ref.KubectlName} has pods of {deployment.Ref.KubectlName}, which keeps a revision that {d.Why}; once paused, it "
                        + "could give these pods to that revision",
                    $"Restart them through the Deployment: kubectl rollout restart {deployment.Ref.KubectlName} -n {deployment.Ref.Namespace}"
                ));
    }

    private static bool IsLost(Workload deployment, Workload before, Workload? after) =>
        Ownership.MayUse(deployment, before)
        && (
            after is null
            || after.Replicas < before.Replicas
            || after.ControllerUid != before.ControllerUid
            || !Ownership.MayUse(deployment, after)
        );

    private static IEnumerable<Distrust> DistrustedBeside(Workload deployment, IEnumerable<RevisionSet> sets, Inspection inspection) =>
        sets.Where(s => s.Set.Template.Hash != deployment.Template.Hash).Select(s => Distrust.Of(s, inspection)).OfType<Distrust>();

    private static IEnumerable<Finding> Paused(Workload deployment, IEnumerable<Distrust> distrusted) =>
        distrusted
            .Take(1)
            .Select(d => new Finding(
                Reasons.OldRevision,
                "spec.paused",
                $"while {deployment.Ref.KubectlName} is paused, its controller may give these pods to {d.Set.KubectlName}, a revision that "
                    + d.Why,
                $"Resume it first: kubectl rollout resume {deployment.Ref.KubectlName} -n {deployment.Ref.Namespace}"
            ));
}
