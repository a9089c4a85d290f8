using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>The workload that a request is about, as it is and as it would be.</summary>
/// <param name="Before">Null where it is made.</param>
/// <param name="IsInPlace">Its template changes.</param>
internal sealed record AskedWorkload(Member? Before, Member After, bool IsInPlace, OriginKind Origin)
{
    public static AskedWorkload Of(EvaluatedRequest evaluated, Workload after, ClusterSnapshot cluster, NamespaceSnapshot snapshot)
    {
        var spec = IsPlaced(evaluated.Before, after) ? after with { Replicas = Math.Max(after.Replicas, snapshot.Nodes) } : after;
        if (evaluated.Before is not { } before)
        {
            spec = spec.Ref.Kind == "ReplicaSet" && snapshot.Objects is { } objects ? spec with { Replicas = ObjectChange.Adopted(objects, spec).Replicas } : spec;
            return new AskedWorkload(null, new Member { Spec = spec }, false, evaluated.Origin.Kind);
        }

        var isInPlace = before.Template.Hash != after.Template.Hash;
        if (snapshot.Members.FirstOrDefault(m => m.Spec.Ref == after.Ref) is { } member)
        {
            // The request says what is asked for, the cluster what runs.
            return new AskedWorkload(member with { Spec = before }, member with { Spec = spec }, isInPlace, evaluated.Origin.Kind);
        }

        return new AskedWorkload(Unseen(evaluated, before, cluster), Unseen(evaluated, before, cluster) with { Spec = spec }, isInPlace, evaluated.Origin.Kind);
    }

    /// <summary>A DaemonSet that is made, or may come to other nodes than before, comes to all for all that we know.</summary>
    public static bool IsPlaced(Workload? before, Workload after) =>
        after.Ref.Kind == "DaemonSet" && (before is null || before.Template.Placement != after.Template.Placement);

    /// <summary>A workload that no cache has seen: if its revision was let in and did not complete, its rollout is under way.</summary>
    private static Member Unseen(EvaluatedRequest evaluated, Workload before, ClusterSnapshot cluster)
    {
        var isUnderWay = evaluated.Recorded is { Phase: Phase.Admitted or Phase.Running } recorded && recorded.TemplateHash == before.Template.Hash
            && cluster.Changes.FirstOrDefault(c => c.HasCompleted) is not null;
        var old = isUnderWay ? cluster.Changes.First(c => c.HasCompleted) : null;
        return new Member { Spec = before, Pods = old is null ? [] : [new RevisionPods(old.TemplateHash, old.OwnedRevision, old.Images, before.Replicas)] };
    }

    /// <summary>It is resumed, and fills what it never had while it was paused.</summary>
    public bool IsFilled => Before is { Absent: > 0, Spec.Strategy.Paused: true } && !After.Spec.Strategy.Paused;

    /// <summary>Another size of what has settled: no rollout is asked for, and none is under way or waits to be resumed.</summary>
    public bool IsAnotherSize => this is { IsInPlace: false, Before.IsRollingOut: false } && !IsFilled && Maps.Same(Before.Spec.Template.Labels, After.Spec.Template.Labels);

    /// <summary>The same, of what the pool's users have already.</summary>
    public bool IsMoreOfTheSame(Pool before) => IsAnotherSize && Before is { Size: > 0 } was && before.Members.Any(m => m.Spec.Ref == was.Spec.Ref);
}
