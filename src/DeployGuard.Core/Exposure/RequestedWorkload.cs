using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>The workload that a request changes, before and after it.</summary>
/// <param name="Before">Null if the request creates it.</param>
/// <param name="IsInPlace">Its template changes.</param>
internal sealed record RequestedWorkload(Member? Before, Member After, bool IsInPlace, OriginKind Origin)
{
    public static RequestedWorkload Of(
        EvaluatedRequest evaluated,
        Workload after,
        IReadOnlyList<Change> changes,
        NamespaceSnapshot snapshot
    )
    {
        var spec = IsPlaced(evaluated.Before, after) ? after with { Replicas = Math.Max(after.Replicas, snapshot.Nodes) } : after;
        if (evaluated.Before is not { } before)
        {
            spec =
                spec.Type.HoldsOneRevision && snapshot.Objects is { } objects
                    ? spec with
                    {
                        Replicas = ObjectChange.Adopted(objects, spec).Replicas,
                    }
                    : spec;
            return new RequestedWorkload(null, new Member { Spec = spec }, false, evaluated.Origin.Kind);
        }

        var isInPlace = before.Template.Hash != after.Template.Hash;
        if (MemberSet.Of(snapshot.Members).Find(after.Ref) is { } member)
        {
            // The request holds the spec; the cluster holds the running pods.
            return new RequestedWorkload(member with { Spec = before }, member with { Spec = spec }, isInPlace, evaluated.Origin.Kind);
        }

        return new RequestedWorkload(
            Uncached(evaluated, before, changes),
            Uncached(evaluated, before, changes) with
            {
                Spec = spec,
            },
            isInPlace,
            evaluated.Origin.Kind
        );
    }

    /// <summary>
    /// A DaemonSet that is created, or whose placement changes. It may run on every node: its real nodes are not known yet.
    /// </summary>
    public static bool IsPlaced(Workload? before, Workload after) =>
        after.Type.RunsOnEveryNode && (before is null || before.Template.Placement != after.Template.Placement);

    /// <summary>A workload that no cache holds. If its revision was admitted and has not completed, its rollout is in progress.</summary>
    private static Member Uncached(EvaluatedRequest evaluated, Workload before, IReadOnlyList<Change> changes)
    {
        var isUnderWay =
            evaluated.Recorded is { Phase: Phase.Admitted or Phase.Running } recorded
            && recorded.TemplateHash == before.Template.Hash
            && changes.FirstOrDefault(c => c.HasCompleted) is not null;
        var old = isUnderWay ? changes.First(c => c.HasCompleted) : null;
        return new Member
        {
            Spec = before,
            Pods = old is null ? [] : [new RevisionPods(old.TemplateHash, old.OwnedRevision, old.Images, before.Replicas)],
        };
    }

    /// <summary>The request resumes a paused workload, which then creates its missing pods.</summary>
    public bool IsFilled => Before is { Shortfall: > 0, Spec.Strategy.Paused: true } && !After.Spec.Strategy.Paused;

    /// <summary>Only the size changes: the request starts no rollout, and none is in progress or paused.</summary>
    public bool IsAnotherSize =>
        this is { IsInPlace: false, Before.IsRollingOut: false }
        && !IsFilled
        && Maps.Same(Before.Spec.Template.Labels, After.Spec.Template.Labels);

    /// <summary>Only the size changes, and the pool's users already reach the workload.</summary>
    public bool IsMoreOfTheSame(Pool before) =>
        IsAnotherSize && Before is { Size: > 0 } was && before.Members.Any(m => m.Spec.Ref == was.Spec.Ref);
}
