using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// The revisions of a StatefulSet's or DaemonSet's pods. Its status counts only two revisions; the observed pods may show more.
/// </summary>
internal sealed class NumberedRevisions(NamespaceObjects objects, PodAttribution pods, RevisionGrouping grouping)
{
    public IReadOnlyList<RevisionPods> Of(LiveWorkload workload)
    {
        var all = WithOtherRevisions(
            workload,
            grouping.Merge(workload.Spec, ControllerRevisions.Split(workload, [.. pods.RevisionsOf(workload.Spec.Uid)]))
        );
        return [.. all.Select(r => WithObserved(workload.Spec, r, all)).Select(r => WithoutMissing(workload, r))];
    }

    /// <param name="all">All revisions of the workload. Two of the same hash have pods behind different Services.</param>
    private RevisionPods WithObserved(Workload owner, RevisionPods revision, IReadOnlyList<RevisionPods> all)
    {
        var seen = pods.PodsOfRevision(owner.Uid, revision.TemplateHash);
        var same = all.Where(r => r.TemplateHash == revision.TemplateHash).ToList();
        if (same.Count > 1)
        {
            var selectorValues = same.ConvertAll(r => grouping.SelectorValuesOf(RevisionGrouping.LabelsOf(r, owner)));
            // Pods with labels of neither count with the first.
            seen =
            [
                .. seen.Where(g =>
                    same[Math.Max(0, selectorValues.IndexOf(grouping.SelectorValuesOf(g.Shape.Template.Labels)))] == revision
                ),
            ];
        }

        return revision with
        {
            Seen = seen,
            ToBeDeleted = owner.IsDeleting ? 0 : seen.Sum(g => g.Serving - Staying(g, owner)),
        };
    }

    /// <summary>
    /// A StatefulSet's status names two revisions. Some pods may still run a third one, if its rollout was superseded before it completed.
    /// </summary>
    private IReadOnlyList<RevisionPods> WithOtherRevisions(LiveWorkload workload, IReadOnlyList<RevisionPods> split)
    {
        var made = pods.PodsOf(workload.Spec.Uid);
        if (split.Count == 0 || made.Count == 0)
        {
            return split;
        }

        var left = made.Where(m => split.All(r => r.TemplateHash != m.Hash))
            .GroupBy(m => m.Hash)
            .Select(g => new RevisionPods(
                g.Key,
                null,
                g.First().Group.Shape.Template.ImageNames,
                g.Sum(m => Staying(m.Group, workload.Spec))
            ))
            .ToList();
        if (left.Count == 0)
        {
            return split;
        }

        var rest = left.Sum(l => l.Pods);
        List<RevisionPods> named = [];
        // The status counts the pods of the third with the older of the two.
        foreach (var revision in split.OrderBy(r => r.TemplateHash == workload.Spec.Template.Hash))
        {
            var others = Math.Min(rest, revision.Pods);
            rest -= others;
            named.Add(revision with { Pods = revision.Pods - others });
        }

        return [.. named, .. left];
    }

    /// <summary>Missing pods of an old revision come back with the newest one, unless a partition keeps them.</summary>
    private RevisionPods WithoutMissing(LiveWorkload workload, RevisionPods revision)
    {
        var spec = workload.Spec;
        if (!objects.PodsAreKnown || revision.TemplateHash == spec.Template.Hash)
        {
            return revision;
        }

        var kept = spec.Strategy.Partition is > 0 ? pods.SeparatePodsOf(spec) + MissingBelowPartition(spec) : 0;
        var stay = Math.Max(0, revision.Seen.Sum(g => Staying(g, spec)) + kept - workload.ReplacedPods);
        return revision with { Pods = Math.Min(revision.Pods, stay) };
    }

    /// <summary>Missing pods below the partition of a StatefulSet.</summary>
    private int MissingBelowPartition(Workload set)
    {
        var below = set.Replicas - set.PodsAbovePartition;
        var there = objects
            .Pods.Where(g => g.Shape.OwnerUid == set.Uid)
            .SelectMany(g => g.Pods)
            .Count(p => p.IsActive && p.Ordinal - set.Strategy.FirstOrdinal < below);
        return Math.Max(0, below - there);
    }

    /// <summary>Pods that stay. A StatefulSet that is scaled down deletes those outside its range.</summary>
    public static int Staying(PodGroup group, Workload owner) =>
        !owner.Type.HasOrdinals ? group.Serving : group.Pods.Count(p => p.IsActive && !Member.IsOutsideOrdinals(p, owner));
}
