using DeployGuard.Core.Admission;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// A request on an object that controllers manage: a ReplicaSet, a Pod, or a Job that gets another owner. Its effect depends on the next
/// actions of these controllers, so the namespace is built a second time, as it will be after the request.
/// </summary>
internal static class ObjectChange
{
    /// <summary>Whether a request is evaluated by its effect on the whole namespace, and not by its own object alone.</summary>
    public static bool Is(Request request) =>
        request
            is WorkloadRequest { Operation: not Operation.Create, Before: not null, Target.Type.IsReplacedWhenDeleted: true }
                or ScaleRequest { Target.Type.HoldsOneRevision: true }
        || (
            request is WorkloadRequest { Target.Type.RunsOnce: true, Before: { } was, After: { } now }
            && ObjectMoves.Of(was, now) is not null
        );

    /// <summary>The namespace after the request.</summary>
    public static NamespaceObjects After(NamespaceObjects objects, EvaluatedRequest evaluated) =>
        evaluated.Request switch
        {
            { Target.Type.HoldsOneRevision: true, Operation: Operation.Delete } request => WithoutSet(
                objects,
                request.Target,
                request is WorkloadRequest { Orphans: true }
            ),
            { Target.Type.HoldsOneRevision: true } when evaluated.After is { } after => WithSet(objects, after),
            WorkloadRequest { Target.Type.IsOnePod: true, Operation: Operation.Delete } request => WithoutPod(objects, request.Target.Name),
            WorkloadRequest { Target.Type.IsOnePod: true, Before: { } before, After: { } after } request
                when ObjectMoves.EndsSooner(before, after) => WithoutPod(WithPod(objects, request.Target.Name, after), request.Target.Name),
            WorkloadRequest { Target.Type.IsOnePod: true, After: { } after } request => WithPod(objects, request.Target.Name, after),
            WorkloadRequest { Target.Type.RunsOnce: true, After: { } after } => objects with
            {
                Workloads =
                [
                    .. objects.Workloads.Select(w => w.Spec.Ref == after.Ref ? w with { Spec = after with { Uid = w.Spec.Uid } } : w),
                ],
            },
            _ => objects,
        };

    private static NamespaceObjects WithoutSet(NamespaceObjects objects, WorkloadRef target, bool orphans)
    {
        if (Find(objects, target) is not { } set)
        {
            return objects;
        }

        // An orphan that was just released is about to be adopted again.
        var owned = set with
        {
            Spec = set.Spec with { ControllerUid = Adopted(objects, set.Spec).ControllerUid },
        };
        var before = objects with { Workloads = [.. objects.Workloads.Select(w => ReferenceEquals(w, set) ? owned : w)] };
        // Its controller replaces its pods as if it had been scaled to 0.
        var then = Filled(WithSet(before, owned.Spec with { Replicas = 0 }), owned.Spec);
        return !orphans
            ? then
            : then with
            {
                Pods = [.. then.Pods.Select(g => g.Shape.OwnerUid == set.Spec.Uid ? LetGo(objects, set, g) : g)],
            };
    }

    /// <summary>Orphaned pods continue to serve, unattributed. Another workload that adopts them deletes those above its size.</summary>
    private static PodGroup LetGo(NamespaceObjects objects, LiveWorkload owner, PodGroup pods) =>
        objects.Workloads.Any(w => !ReferenceEquals(w, owner) && Ownership.SelectsPods(w.Spec, pods.Shape.Template.Labels))
            ? pods
            : new PodGroup(pods.Shape with { OwnerUid = null }, pods.Pods);

    /// <summary>A paused Deployment that loses all its pods scales its latest remaining ReplicaSet.</summary>
    private static NamespaceObjects Filled(NamespaceObjects objects, Workload gone)
    {
        var sets = objects.Workloads.Where(w => w.Spec.Type.HoldsOneRevision && w.Spec.ControllerUid == gone.ControllerUid).ToList();
        var owner = objects.Workloads.FirstOrDefault(w =>
            w.Spec is { Type.HasReplicaSets: true, Strategy.Paused: true } spec && spec.Uid == gone.ControllerUid
        );
        var last = sets.Where(s => s.Spec.Ref != gone.Ref).MaxBy(s => s.Spec.CreatedAt);
        return owner is null || last is null || sets.Any(s => s.Spec.Replicas > 0)
            ? objects
            : objects with
            {
                Workloads =
                [
                    .. objects.Workloads.Select(w =>
                        ReferenceEquals(w, last) ? w with { Spec = w.Spec with { Replicas = owner.Spec.Replicas } } : w
                    ),
                ],
            };
    }

    private static NamespaceObjects WithSet(NamespaceObjects objects, Workload after)
    {
        if (Find(objects, after.Ref) is not { } before)
        {
            return objects with { Workloads = [.. objects.Workloads, new LiveWorkload { Spec = after }] };
        }

        var owned = Adopted(objects, after);
        // A released ReplicaSet continues to serve while its owner creates another, even if the owner will adopt it again.
        var isLetGo = before.Spec.ControllerUid is { } had && after.ControllerUid != had && owned.ControllerUid == had;
        owned = isLetGo ? after with { ControllerUid = null } : owned;
        after = owned.ControllerUid == before.Spec.ControllerUid ? owned with { Replicas = after.Replicas } : owned;
        var spec = after with { Uid = before.Spec.Uid, Replicas = after.Replicas };
        // A Deployment continues as soon as its ReplicaSets report their pods as available: a lower minReadySeconds there releases the rest
        // of the rollout. A ReplicaSet that becomes its newest restarts the rollout, which no longer waits for the former one.
        var isNewest = after.Template.Hash != before.Spec.Template.Hash;
        var isHastened = after.Strategy.MinReadySeconds < before.Spec.Strategy.MinReadySeconds;
        var then = objects with
        {
            Workloads =
            [
                .. objects.Workloads.Select(w =>
                    ReferenceEquals(w, before) ? w with { Spec = spec }
                    : isHastened && IsSibling(w, before) ? w with { Spec = w.Spec with { Replicas = 0 } }
                    // All requested pods are created before the owner scales back.
                    : after.Replicas > before.Spec.Replicas && w.Spec.Uid == spec.ControllerUid
                        ? w with
                        {
                            Spec = w.Spec with { Replicas = w.Spec.Replicas + after.Replicas - before.Spec.Replicas },
                        }
                    // Pods of the newest revision replace them, besides the batch of the rollout itself.
                    : after.Replicas < before.Spec.Replicas
                    && w.Spec.Uid == spec.ControllerUid
                    && !w.Spec.IsDeleting
                    && w.Spec.Template.Hash != before.Spec.Template.Hash
                        ? w with
                        {
                            ReplacedPods = before.Spec.Replicas - after.Replicas,
                        }
                    : isNewest && w.Spec.Uid == spec.ControllerUid && w.Spec.Template.Hash == after.Template.Hash
                        ? w with
                        {
                            ReplacedPods = 1,
                        }
                    : w
                ),
            ],
        };
        return spec.ControllerUid == before.Spec.ControllerUid && spec.Replicas > 0 ? then : Filled(then, before.Spec);
    }

    private static bool IsSibling(LiveWorkload workload, LiveWorkload set) =>
        workload.Spec.Type.HoldsOneRevision && set.Spec.ControllerUid is { } owner && workload.Spec.ControllerUid == owner;

    /// <summary>
    /// A ReplicaSet after the actions of Deployments: one releases it if its selector does not match, another adopts it as an orphan. It is
    /// scaled to the size of a Deployment that has no other.
    /// </summary>
    public static Workload Adopted(NamespaceObjects objects, Workload set)
    {
        var deployments = objects.Workloads.Select(w => w.Spec).Where(d => d is { Type.HasReplicaSets: true, IsDeleting: false }).ToList();
        var named = deployments.Find(d => d.Uid == set.ControllerUid);
        if (set.ControllerUid is not null && named is null)
        {
            return set;
        }

        // Any of several matching Deployments may adopt it first: the largest result is evaluated.
        IReadOnlyList<Workload> owners = named is not null && Selects(named, set) ? [named] : deployments.FindAll(d => Selects(d, set));
        return owners
                .Select(o =>
                    set with
                    {
                        ControllerUid = o.Uid,
                        Replicas = HasOther(objects, o, set) ? set.Replicas : Math.Max(set.Replicas, o.Replicas),
                    }
                )
                .MaxBy(s => s.Replicas)
            ?? set with
            {
                ControllerUid = null,
            };
    }

    private static bool HasOther(NamespaceObjects objects, Workload owner, Workload set) =>
        objects.Workloads.Any(w =>
            w.Spec is { Type.HoldsOneRevision: true, Replicas: > 0 } other && other.ControllerUid == owner.Uid && other.Ref != set.Ref
        );

    private static bool Selects(Workload deployment, Workload set) =>
        deployment.Selector is { Requirements.Count: > 0 } selector && selector.Matches(set.Labels);

    private static NamespaceObjects WithoutPod(NamespaceObjects objects, string name)
    {
        if (
            Find(objects, name) is not { } found
            || !found.Pod.IsReady
            || objects.CordonedNodes.Contains(found.Pod.Node)
            || objects.Workloads.FirstOrDefault(w => w.Spec.Uid == found.Group.Shape.OwnerUid)
                is not { Spec.Type.HasControllerRevisions: true } owner
            || IsNewest(objects, owner, found.Group.Shape)
            || IsKept(owner, found.Pod)
        )
        {
            // Its ReplicaSet creates an equal one; a pod without an owner is not replaced.
            return objects;
        }

        return objects with
        {
            Workloads = [.. objects.Workloads.Select(w => ReferenceEquals(w, owner) ? w with { ReplacedPods = w.ReplacedPods + 1 } : w)],
        };
    }

    private static bool IsNewest(NamespaceObjects objects, LiveWorkload owner, PodShape shape) =>
        ControllerRevisions.Newest(owner, objects.Revisions.Where(r => r.ControllerUid == owner.Spec.Uid)) is { } newest
        && shape.Template.Labels.GetValueOrDefault(LiveRevision.Label) == newest.PodLabel
        && Ownership.Runs(shape.Template, owner.Spec.Template);

    /// <summary>A pod below the partition is created again from the old revision.</summary>
    private static bool IsKept(LiveWorkload owner, LivePod pod) =>
        owner.Spec.Strategy.Partition is > 0 and var partition && pod.Ordinal - owner.Spec.Strategy.FirstOrdinal < partition;

    private static NamespaceObjects WithPod(NamespaceObjects objects, string name, Workload after)
    {
        var shape = new PodShape(after.ControllerUid, after.Template);
        if (Find(objects, name) is not { } found)
        {
            // No cache holds it yet. It counts as ready, because users may reach it as soon as it is.
            var made = after.CreatedAt ?? DateTimeOffset.MaxValue;
            return objects with
            {
                Pods =
                [
                    .. objects.Pods,
                    new PodGroup(
                        shape,
                        [
                            new LivePod
                            {
                                Name = name,
                                CreatedAt = made,
                                ReadySince = made,
                            },
                        ]
                    ),
                ],
            };
        }

        var rest = found.Group.Pods.Where(p => p != found.Pod).ToList();
        // With other images it is another pod: its adoption does not cover them.
        var isSame = found.Group.Shape.Template.ImageNames.SequenceEqual(after.Template.ImageNames);
        return objects with
        {
            Pods =
            [
                .. objects.Pods.Where(g => !ReferenceEquals(g, found.Group)),
                .. rest.Count > 0 ? [new PodGroup(found.Group.Shape, rest)] : (PodGroup[])[],
                new PodGroup(shape, [isSame ? found.Pod : found.Pod with { CreatedAt = DateTimeOffset.MaxValue }]),
            ],
        };
    }

    private static LiveWorkload? Find(NamespaceObjects objects, WorkloadRef target) =>
        objects.Workloads.FirstOrDefault(w => w.Spec.Ref == target);

    private static (PodGroup Group, LivePod Pod)? Find(NamespaceObjects objects, string name)
    {
        foreach (var group in objects.Pods)
        {
            if (group.Pods.FirstOrDefault(p => p.Name == name) is { } pod)
            {
                return (group, pod);
            }
        }

        return null;
    }
}
