using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Tells for every pod of a namespace which workload made it, and of which revision. A pod that no workload made is a member of its own.</summary>
internal sealed class PodAttribution
{
    /// <summary>What a request lets in is made by then, also where the clocks of a replica and of the API server differ.</summary>
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromMinutes(2);

    private readonly NamespaceObjects _objects;
    private readonly Dictionary<string, LiveWorkload> _byUid = new(StringComparer.Ordinal);
    private readonly ILookup<string, LiveRevision> _revisions;

    /// <summary>What a request let in, and when last: a person made these pods, whatever owner they name.</summary>
    private readonly Dictionary<WorkloadRef, DateTimeOffset> _onRecord;

    /// <summary>Pods by the workload that made them, and the revision that it made them from.</summary>
    private readonly Dictionary<string, List<(PodGroup Group, string Hash)>> _made = new(StringComparer.Ordinal);
    private readonly List<Member> _alone = [];

    /// <summary>Pods that a controller counts by their owner and labels, and that run something else than it would make.</summary>
    private readonly Dictionary<string, int> _separate = new(StringComparer.Ordinal);

    /// <summary>Ready pods that name a controller as their owner, and are told by themselves.</summary>
    private readonly Dictionary<string, int> _separateReady = new(StringComparer.Ordinal);

    public PodAttribution(NamespaceObjects objects)
    {
        _objects = objects;
        _revisions = objects.Revisions.ToLookup(r => r.ControllerUid, StringComparer.Ordinal);
        _onRecord = objects.Changes.Where(c => c.WasAdmitted && c.Workload.Type.IsMadeByControllers).GroupBy(c => c.Workload)
            .ToDictionary(g => g.Key, g => g.Max(c => c.LastRequestedAt == DateTimeOffset.MinValue ? DateTimeOffset.MaxValue : c.LastRequestedAt));
        foreach (var workload in objects.Workloads.Where(w => w.Spec.Uid.Length > 0))
        {
            _byUid.TryAdd(workload.Spec.Uid, workload);
        }

        foreach (var group in objects.Pods)
        {
            Attribute(group);
        }
    }

    /// <summary>Pods that no workload made, or that a request let in by themselves.</summary>
    public IReadOnlyList<Member> Alone => _alone;

    /// <summary>Every pod that a workload made, with the hash of the template that it made it from.</summary>
    public IReadOnlyList<(PodGroup Group, string Hash)> MadeBy(string uid) => _made.TryGetValue(uid, out var groups) ? groups : [];

    /// <summary>Those that it made from one template.</summary>
    public IReadOnlyList<PodGroup> Made(string uid, string hash) =>
        _made.TryGetValue(uid, out var groups) ? [.. groups.Where(g => g.Hash == hash).Select(g => g.Group)] : [];

    /// <summary>The ControllerRevisions of a workload.</summary>
    public IEnumerable<LiveRevision> RevisionsOf(string uid) => _revisions[uid];

    /// <summary>Pods that a workload's controller counts, and that run something else than it would make.</summary>
    public int SeparatePodsOf(Workload owner) => Math.Min(owner.Replicas, _separate.GetValueOrDefault(owner.Uid));

    /// <summary>Ready pods that name a workload as their owner, and are told by themselves.</summary>
    public int SeparateReadyOf(string uid) => _separateReady.GetValueOrDefault(uid);

    /// <summary>A request let it in.</summary>
    public bool IsOnRecord(WorkloadRef workload) => _onRecord.ContainsKey(workload);

    /// <summary>The workload that stands for an object which names it; null if none does.</summary>
    public LiveWorkload? OwnerOf(LiveWorkload made) =>
        made.Spec.ControllerUid is { } uid && _byUid.TryGetValue(uid, out var owner) && Ownership.IsOwnerOf(owner.Spec, made.Spec) ? owner : null;

    private void Attribute(PodGroup group)
    {
        var byPeople = _onRecord.Count == 0 ? [] : group.Pods.Where(p => p.Counts && IsOnRecord(p)).ToList();
        _alone.AddRange(byPeople.Select(p => MemberOf(group with { Pods = [p] }, isUnattributed: false)));
        Take(group.Shape, byPeople.Count, byPeople.Count(p => p.IsReady));
        var rest = byPeople.Count == 0 ? group : new PodGroup(group.Shape, [.. group.Pods.Except(byPeople)]);
        if (rest.Serving == 0)
        {
            return;
        }

        if (group.Shape.OwnerUid is { } uid && _byUid.TryGetValue(uid, out var owner) && MadeFrom(owner, group.Shape) is { } revision)
        {
            if (!_made.TryGetValue(uid, out var known))
            {
                _made[uid] = known = [];
            }

            known.Add((rest, revision));
            return;
        }

        Take(rest.Shape, rest.Serving, rest.Ready);
        // Those that ran when the namespace came under its policies are told apart from those that came since.
        _alone.AddRange(rest.Pods.Where(p => p.Counts).GroupBy(p => CameBy(p)).Select(g => MemberOf(new PodGroup(rest.Shape, [.. g]), isUnattributed: true)));
    }

    /// <summary>Whether a request let it in. A controller may make another pod of the name later.</summary>
    private bool IsOnRecord(LivePod pod) => _onRecord.TryGetValue(BuiltInKinds.Pod.Named(_objects.Namespace, pod.Name), out var asked)
        && (asked == DateTimeOffset.MaxValue || pod.CreatedAt <= asked + s_requestTimeout);

    private void Take(PodShape shape, int pods, int ready)
    {
        if (pods == 0 || shape.OwnerUid is not { } uid || !_byUid.TryGetValue(uid, out var owner))
        {
            return;
        }

        _separateReady[uid] = _separateReady.GetValueOrDefault(uid) + ready;
        // It counts those that its selector takes in, and is about to let go of the others.
        if (owner.Spec.Selector is { Requirements.Count: > 0 } selector && selector.Matches(shape.Template.Labels))
        {
            _separate[uid] = _separate.GetValueOrDefault(uid) + pods;
        }
    }

    /// <summary>The hash of the template from which an owner made a pod; null where it made none like it.</summary>
    private string? MadeFrom(LiveWorkload owner, PodShape shape)
    {
        (PodTemplate Template, string Hash) current = (owner.Spec.Template, owner.Spec.Template.Hash);
        var revisions = owner.Spec.Type.HasControllerRevisions ? [.. LabelledFirst(owner, shape), current] : (IReadOnlyList<(PodTemplate Template, string Hash)>)[current];
        return Ownership.IsOwnerOfPods(owner.Spec, shape, revisions.Select(r => r.Template)) ? revisions.First(r => Ownership.Runs(shape.Template, r.Template)).Hash : null;
    }

    /// <summary>The label that names a revision is a claim: it only decides between those that the pod runs.</summary>
    private IEnumerable<(PodTemplate Template, string Hash)> LabelledFirst(LiveWorkload owner, PodShape shape)
    {
        var label = shape.Template.Labels.GetValueOrDefault(LiveRevision.Label);
        var newest = ControllerRevisions.Newest(owner, _revisions[owner.Spec.Uid]);
        return _revisions[owner.Spec.Uid].OrderByDescending(r => r.PodLabel == label).ThenByDescending(r => r.Number)
            // Named by the spec: the stored revision may lack defaults that a newer server adds.
            .Select(r => r == newest && owner.IsObserved ? (owner.Spec.Template, owner.Spec.Template.Hash) : (r.Template, r.TemplateHash));
    }

    private string CameBy(LivePod pod) => string.Join(',', _objects.Adopted.Where(a => a.Value.Includes(pod)).Select(a => a.Key).Order(StringComparer.Ordinal));

    private Member MemberOf(PodGroup group, bool isUnattributed)
    {
        var template = group.Shape.Template;
        var first = group.Pods.MinBy(p => p.Name, StringComparer.Ordinal) ?? throw new InvalidOperationException("a group without pods");
        return new Member
        {
            Spec = new Workload
            {
                Ref = BuiltInKinds.Pod.Named(_objects.Namespace, first.Name),
                // A policy may select workloads by them.
                Labels = template.Labels,
                Template = template,
                Replicas = group.Serving,
                Strategy = RolloutStrategy.Unknown,
            },
            Ready = group.Ready,
            Pods = [new RevisionPods(template.Hash, null, template.ImageNames, group.Serving) { Seen = [group] }],
            IsUnattributed = isUnattributed,
            CreatedAt = group.Pods.Max(p => p.CreatedAt),
        };
    }
}
