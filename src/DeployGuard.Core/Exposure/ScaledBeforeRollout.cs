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
    /// <summary>The members of the namespace, with those that the request scales up first; the same list if it scales up none.</summary>
    /// <remarks>More pods of the requested revision are evaluated by its pace.</remarks>
    public static IReadOnlyList<Member> Of(RequestedWorkload asked, NamespaceSnapshot snapshot) =>
        asked.After.Size <= (asked.Before?.Size ?? 0)
            ? snapshot.Members
            : asked.After.Spec.Type switch
            {
                { HasReplicaSets: true } => Shared(asked, snapshot),
                { HasPartition: true } when Kept(asked, snapshot) is { } kept =>
                [
                    .. snapshot.Members.Select(m =>
                        m.Spec.Ref == asked.After.Spec.Ref ? WithKept(m, kept, asked.After.Size, snapshot.Services) : m
                    ),
                ],
                _ => snapshot.Members,
            };

    private static IReadOnlyList<Member> Shared(RequestedWorkload asked, NamespaceSnapshot snapshot)
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
            ? snapshot.Members
            :
            [
                .. snapshot.Members.Select(m =>
                    m.Spec.Ref == target ? Scaled(m, size, surge, live, IsAsked)
                    : adopted.ContainsKey(m.Spec.Ref) ? Scaled(m, size, 0, live, _ => false)
                    : m
                ),
            ];
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
            && snapshot.Objects?.Workloads.FirstOrDefault(w => w.Spec.Ref == spec.Ref) is { } live
            && ControllerRevisions.Old(live, snapshot.Objects.Revisions) is { } old
            && ControllerRevisions.Pods(old, spec.Replicas - spec.PodsAbovePartition) is var kept
            && !kept.IsOf(spec.Template, snapshot.Services)
            ? kept
            : null;
    }

    private static Member WithKept(Member member, RevisionPods kept, int size, IReadOnlyList<Service> services)
    {
        var template = member.Spec.Template.Labels;
        var had = member.Pods.FirstOrDefault(p =>
            p.TemplateHash == kept.TemplateHash && !Service.AnyDistinguishes(services, p.Labels ?? template, kept.Labels ?? template)
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
    public static IReadOnlyList<Member> Refilled(RequestedWorkload asked, IReadOnlyList<Member> members)
    {
        var (target, hash) = (asked.After.Spec.Ref, asked.After.Spec.Template.Hash);
        return !asked.IsInPlace || asked.Before?.Pods.Any(p => p.Labels is not null && p.TemplateHash == hash) is not true
            ? members
            :
            [
                .. members.Select(m =>
                    m.Spec.Ref != target
                        ? m
                        : m with
                        {
                            Pods =
                            [
                                .. m.Pods.Select(p => p.TemplateHash == hash ? p with { Pods = Math.Max(p.Pods, asked.After.Size) } : p),
                            ],
                        }
                ),
            ];
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
        objects
            .Workloads.Select(w => w.Spec)
            .Where(s => s.ControllerUid is null && Ownership.MayUse(deployment, s))
            // A paused Deployment creates no ReplicaSet: it scales the latest one that it adopts, even from 0.
            .Where(s => s.Replicas > 0 || deployment.Strategy.Paused)
            .ToDictionary(s => s.Ref, s => s.Replicas);
}
