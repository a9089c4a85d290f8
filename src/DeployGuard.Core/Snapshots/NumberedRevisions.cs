using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// What the pods of a StatefulSet or DaemonSet run: its controller makes them itself, from revisions that it numbers. Its status counts those of two revisions; what
/// was seen of the pods says more.
/// </summary>
internal sealed class NumberedRevisions(NamespaceObjects objects, PodAttribution pods, RevisionGrouping grouping)
{
    public IReadOnlyList<RevisionPods> Of(LiveWorkload workload)
    {
        var all = WithLeftOver(workload, grouping.Together(workload.Spec, ControllerRevisions.Split(workload, [.. pods.RevisionsOf(workload.Spec.Uid)])));
        return [.. all.Select(r => WithSeen(workload.Spec, r, all)).Select(r => WithoutMissing(workload, r))];
    }

    /// <param name="all">Its revisions: two of the same hash have pods that are behind different Services.</param>
    private RevisionPods WithSeen(Workload owner, RevisionPods revision, IReadOnlyList<RevisionPods> all)
    {
        var seen = pods.Made(owner.Uid, revision.TemplateHash);
        var same = all.Where(r => r.TemplateHash == revision.TemplateHash).ToList();
        if (same.Count > 1)
        {
            var sights = same.ConvertAll(r => grouping.SightOf(RevisionGrouping.LabelsOf(r, owner)));
            // Pods that somebody gave other labels are told with the first.
            seen = [.. seen.Where(g => same[Math.Max(0, sights.IndexOf(grouping.SightOf(g.Shape.Template.Labels)))] == revision)];
        }

        return revision with { Seen = seen, ToBeDeleted = owner.IsDeleting ? 0 : seen.Sum(g => g.Serving - Staying(g, owner)) };
    }

    /// <summary>
    /// A StatefulSet's status names two revisions. Pods may still run a third one, whose rollout was replaced by another before it ended.
    /// </summary>
    private IReadOnlyList<RevisionPods> WithLeftOver(LiveWorkload workload, IReadOnlyList<RevisionPods> split)
    {
        var made = pods.MadeBy(workload.Spec.Uid);
        if (split.Count == 0 || made.Count == 0)
        {
            return split;
        }

        var left = made.Where(m => split.All(r => r.TemplateHash != m.Hash)).GroupBy(m => m.Hash)
            .Select(g => new RevisionPods(g.Key, null, g.First().Group.Shape.Template.ImageNames, g.Sum(m => Staying(m.Group, workload.Spec)))).ToList();
        if (left.Count == 0)
        {
            return split;
        }

        var rest = left.Sum(l => l.Pods);
        List<RevisionPods> named = [];
        // The status counts them with the older of the two.
        foreach (var revision in split.OrderBy(r => r.TemplateHash == workload.Spec.Template.Hash))
        {
            var others = Math.Min(rest, revision.Pods);
            rest -= others;
            named.Add(revision with { Pods = revision.Pods - others });
        }

        return [.. named, .. left];
    }

    /// <summary>Old pods that are missing come back new, unless a partition keeps them old.</summary>
    private RevisionPods WithoutMissing(LiveWorkload workload, RevisionPods revision)
    {
        var spec = workload.Spec;
        if (!objects.PodsAreKnown || revision.TemplateHash == spec.Template.Hash)
        {
            return revision;
        }

        var kept = spec.Strategy.Partition is > 0 ? pods.SeparatePodsOf(spec) + Kept(spec) : 0;
        var stay = Math.Max(0, revision.Seen.Sum(g => Staying(g, spec)) + kept - workload.Replaced);
        return revision with { Pods = Math.Min(revision.Pods, stay) };
    }

    /// <summary>Pods below the partition of a StatefulSet that are not there.</summary>
    private int Kept(Workload set)
    {
        var below = set.Replicas - set.PodsAbovePartition;
        var there = objects.Pods.Where(g => g.Shape.OwnerUid == set.Uid).SelectMany(g => g.Pods)
            .Count(p => p.Counts && p.Ordinal - set.Strategy.FirstOrdinal < below);
        return Math.Max(0, below - there);
    }

    /// <summary>Of a StatefulSet that shrinks, those above its size are on their way out.</summary>
    public static int Staying(PodGroup group, Workload owner) => !owner.Type.HasOrdinals ? group.Serving : group.Pods.Count(p => p.Counts && !Member.IsBeyond(p, owner));
}
