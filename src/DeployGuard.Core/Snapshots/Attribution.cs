using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Attributes every object of a namespace to a workload: the pods of a ReplicaSet count with its Deployment, if the ownership is verified.
/// An object without a verified owner is a member of its own.
/// </summary>
internal sealed class Attribution
{
    private readonly NamespaceObjects _objects;
    private readonly PodAttribution _pods;
    private readonly RevisionGrouping _grouping;
    private readonly NumberedRevisions _numbered;

    public Attribution(NamespaceObjects objects)
    {
        _objects = objects;
        _pods = new PodAttribution(objects);
        _grouping = new RevisionGrouping(objects.Services);
        _numbered = new NumberedRevisions(objects, _pods, _grouping);
    }

    public IReadOnlyList<Member> Members()
    {
        var serving = _objects.Workloads.Where(w => w.Spec.Type.Serves).ToList();
        var sets = serving.Where(w => w.Spec.Type.HoldsOneRevision).ToLookup(w => _pods.OwnerOf(w)?.Spec.Uid ?? "", StringComparer.Ordinal);
        var jobs = serving.Where(w => w.Spec.Type.RunsOnce).ToLookup(w => _pods.OwnerOf(w)?.Spec.Uid ?? "", StringComparer.Ordinal);
        return
        [
            .. serving.Where(w => !w.Spec.Type.HoldsOneRevision).Concat(sets[""]).Select(w => Of(w, sets, jobs)),
            .. _pods.SeparateMembers,
        ];
    }

    private Member Of(LiveWorkload workload, ILookup<string, LiveWorkload> sets, ILookup<string, LiveWorkload> jobs)
    {
        var spec = workload.Spec;
        var owner = spec.Type.RunsOnce ? _pods.OwnerOf(workload) : null;
        // A CronJob counts without the pods that its Jobs already run.
        var pods = RevisionsOf(workload, sets);
        var rest = spec.Type.RunsOnSchedule
            ? spec with
            {
                Replicas = Math.Max(0, spec.Replicas - jobs[spec.Uid].Sum(j => j.Spec.Replicas)),
            }
            : spec;
        return new Member
        {
            Spec = rest,
            Ready = workload.ReadyPods,
            SeparateReady = SeparateReadyOf(spec, sets),
            Pods = pods,
            Shortfall = ShortfallOf(spec, pods),
            ReplacesAtOnce = workload.ReplacedPods > 0,
            SeparatePods = spec.Type.HasReplicaSets ? sets[spec.Uid].Sum(s => _pods.SeparatePodsOf(s.Spec)) : _pods.SeparatePodsOf(spec),
            RecordedAs = owner?.Spec.Ref,
            IsUnattributed = owner is null && spec.Type.CountsWithOwner && !_pods.IsOnRecord(spec.Ref),
            CreatedAt = spec.CreatedAt,
        };
    }

    private IReadOnlyList<RevisionPods> RevisionsOf(LiveWorkload workload, ILookup<string, LiveWorkload> sets) =>
        workload.Spec.Type switch
        {
            { HasReplicaSets: true } => _grouping.Merge(
                workload.Spec,
                sets[workload.Spec.Uid]
                    .Select(s => new RevisionPods(s.Spec.Template.Hash, s.Spec.Ref.Name, s.Spec.Template.ImageNames, s.Spec.Replicas)
                    {
                        OwnedUid = s.Spec.Uid,
                        Labels = s.Spec.Template.Labels,
                        Seen = _pods.PodsOfRevision(s.Spec.Uid, s.Spec.Template.Hash),
                    })
            ),
            { HasControllerRevisions: true } => _numbered.Of(workload),
            _ when _pods.PodsOfRevision(workload.Spec.Uid, workload.Spec.Template.Hash) is { Count: > 0 } seen =>
            [
                new RevisionPods(workload.Spec.Template.Hash, null, workload.Spec.Template.ImageNames, workload.Spec.Replicas)
                {
                    Seen = seen,
                },
            ],
            _ => [],
        };

    /// <summary>
    /// A Deployment's missing pods follow from the sizes of its ReplicaSets. A StatefulSet's follow from its pods, because another Pod with
    /// the same name blocks its controller.
    /// </summary>
    private int ShortfallOf(Workload spec, IReadOnlyList<RevisionPods> pods) =>
        spec.Type switch
        {
            { HasReplicaSets: true } => Math.Max(0, spec.Replicas - pods.Sum(p => p.Pods)),
            { HasOrdinals: true } when _objects.PodsAreKnown => Math.Max(
                0,
                spec.Replicas - pods.SelectMany(p => p.Seen).Sum(g => NumberedRevisions.Staying(g, spec))
            ),
            _ => 0,
        };

    private int SeparateReadyOf(Workload owner, ILookup<string, LiveWorkload> sets) =>
        owner.Type.HasReplicaSets ? sets[owner.Uid].Sum(s => _pods.SeparateReadyOf(s.Spec.Uid)) : _pods.SeparateReadyOf(owner.Uid);
}
