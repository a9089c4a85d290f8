using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// A Deployment that grows first scales each existing ReplicaSet in proportion, and only then rolls out its template. So does one
/// that adopts orphaned ReplicaSets. Their pods may be behind other Services than its template. A StatefulSet that grows creates
/// the pods below its partition from its old revision.
/// </summary>
internal static class ScaledBeforeRollout
{
    /// <summary>The members of the namespace, with those that the request scales up first; the same set if it scales up none.</summary>
    /// <remarks>More pods of the requested revision are evaluated by its pace.</remarks>
    /// <param name="all">The members of <paramref name="snapshot"/>.</param>
    public static MemberSet Of(RequestedWorkload asked, NamespaceSnapshot snapshot, MemberSet all) =>
        asked.After.Size <= (asked.Before?.Size ?? 0)
            ? all
            : asked.After.Spec.Type switch
            {
                { HasReplicaSets: true } => Shared(asked, snapshot, all),
                { HasPartition: true } when Kept(asked, snapshot) is { } kept => all.With(
                    [asked.After.Spec.Ref],
                    m => WithKept(m, kept, asked.After.Size, snapshot.Services)
                ),
                _ => all,
            };

    private static MemberSet Shared(RequestedWorkload asked, NamespaceSnapshot snapshot, MemberSet all)
    {
        var (target, size) = (asked.After.Spec.Ref, asked.After.Size);
        var had = asked.Before?.Pods;
        bool IsAsked(RevisionPods pods) => pods.IsOf(asked.After.Spec.Template, snapshot.Services);
        var adopted = snapshot.Objects is { } objects ? Adopted(asked.After.Spec, objects) : [];
        var live = (had?.Sum(p => p.Pods) ?? 0) + adopted.Values.Sum();
        // A paused Deployment without pods scales its latest ReplicaSet.
        var fills = live == 0 && asked.After.Spec.Strategy.Paused && had?.Any(IsAsked) is false;
        var surge = SurgeOf(asked);
        return adopted.Count == 0 && !fills && had?.Any(p => p.Pods > 0 && !IsAsked(p)) is not true
            ? all
            : all.With(
                [target, .. adopted.Keys.Where(r => r != target)],
                m => m.Spec.Ref == target ? Scaled(m, size, surge, live, IsAsked) : Scaled(m, size, 0, live, _ => false)
            );
    }

    /// <summary>With more than one revision, surge pods are distributed too.</summary>
    public static int SurgeOf(RequestedWorkload asked) =>
        asked.Before?.Pods.Count(p => p.Pods > 0) > 1 ? RolloutBatch.Surge(asked.After.Spec).CeilingOf(asked.After.Size) : 0;

    /// <summary>The revision from which a StatefulSet creates its missing pods below the partition, and how many.</summary>
    private static RevisionPods? Kept(RequestedWorkload asked, NamespaceSnapshot snapshot)
    {
        var spec = asked.After.Spec;
        return
            spec.Strategy.IsRolling
            && spec.Replicas > spec.PodsAbovePartition
            && snapshot.Objects is { } objects
            && ObjectIndex.Of(objects).Find(spec.Ref) is { } live
            && ControllerRevisions.Old(live, ObjectIndex.Of(objects).RevisionsOf(live.Spec.Uid)) is { } old
            && ControllerRevisions.Pods(old, spec.Replicas - spec.PodsAbovePartition) is var kept
            && !kept.IsOf(spec.Template, snapshot.Services)
            ? kept
            : null;
    }

    private static Member WithKept(Member member, RevisionPods kept, int size, IReadOnlyList<Service> services)
    {
        var template = member.Spec.Template.Labels;
        var had = member.Pods.FirstOrDefault(p =>
            p.TemplateHash == kept.TemplateHash && !ServiceIndex.Of(services).Distinguishes(p.Labels ?? template, kept.Labels ?? template)
        );
        List<RevisionPods> pods =
        [
            .. member.Pods.Where(p => p != had),
            had is null ? kept : had with { Pods = Math.Max(had.Pods, kept.Pods) },
        ];
        return AsYet(member, pods, Math.Min(size, pods.Sum(p => p.Pods)));
    }

    /// <summary>The member before its rollout continues.</summary>
    private static Member AsYet(Member member, IReadOnlyList<RevisionPods> pods, int replicas) =>
        member with
        {
            Spec = member.Spec with { Replicas = replicas, Strategy = member.Spec.Strategy with { Paused = true } },
            Pods = pods,
        };

    /// <summary>
    /// A rollout to the template of an existing ReplicaSet brings pods with its labels: a Service that selects no template may select them.
    /// </summary>
    public static MemberSet Refilled(RequestedWorkload asked, MemberSet members)
    {
        var (target, hash) = (asked.After.Spec.Ref, asked.After.Spec.Template.Hash);
        return !asked.IsInPlace || asked.Before?.Pods.Any(p => p.Labels is not null && p.TemplateHash == hash) is not true
            ? members
            : members.With(
                [target],
                m =>
                    m with
                    {
                        Pods = [.. m.Pods.Select(p => p.TemplateHash == hash ? p with { Pods = Math.Max(p.Pods, asked.After.Size) } : p)],
                    }
            );
    }

    /// <param name="isAsked">True for pods of the requested revision.</param>
    private static Member Scaled(Member member, int size, int surge, int live, Func<RevisionPods, bool> isAsked)
    {
        int Part(int pods) => live == 0 ? size : Math.Max(pods, (int)((((long)(size + surge) * pods) + live - 1) / live));
        List<RevisionPods> pods = [.. member.Pods.Select(p => isAsked(p) ? p : p with { Pods = Part(p.Pods) })];
        return AsYet(member, pods, pods.Count > 0 ? Math.Min(size, pods.Sum(p => p.Pods)) : Part(member.Spec.Replicas));
    }

    /// <summary>Orphaned ReplicaSets that a Deployment is about to adopt.</summary>
    public static Dictionary<WorkloadRef, int> Adopted(Workload deployment, NamespaceObjects objects) =>
        ObjectIndex
            .Of(objects)
            .Orphans.Where(s => Ownership.Adopts(deployment, s))
            // A paused Deployment creates no ReplicaSet: it scales the latest one that it adopts, even from 0.
            .Where(s => s.Replicas > 0 || deployment.Strategy.Paused)
            .ToDictionary(s => s.Ref, s => s.Replicas);
}
