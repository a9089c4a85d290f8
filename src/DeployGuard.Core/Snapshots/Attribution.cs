using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Tells for every object of a namespace who stands for it: a ReplicaSet's pods count with its Deployment, if that is really theirs. What nobody stands for is
/// a member of its own.
/// </summary>
internal sealed class Attribution
{
    /// <summary>What a request lets in is made by then, also where the clocks of a replica and of the API server differ.</summary>
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromMinutes(2);

    private readonly NamespaceObjects _objects;
    private readonly Dictionary<string, LiveWorkload> _byUid = new(StringComparer.Ordinal);
    private readonly ILookup<string, LiveRevision> _revisions;

    /// <summary>Label keys by which Services of the namespace select, without those that controllers add to pods: templates lack these.</summary>
    private readonly List<string> _selectorKeys;

    /// <summary>What a request let in, and when last: a person made these pods, whatever owner they name.</summary>
    private readonly Dictionary<WorkloadRef, DateTimeOffset> _onRecord;

    /// <summary>Pods by the workload that made them, and the revision that it made them from.</summary>
    private readonly Dictionary<string, List<(PodGroup Group, string Hash)>> _made = new(StringComparer.Ordinal);
    private readonly List<Member> _alone = [];

    /// <summary>Pods that a controller counts by their owner and labels, and that run something else than it would make.</summary>
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);

    /// <summary>Ready pods that name a controller as their owner, and are told by themselves.</summary>
    private readonly Dictionary<string, int> _told = new(StringComparer.Ordinal);

    public Attribution(NamespaceObjects objects)
    {
        _objects = objects;
        _revisions = objects.Revisions.ToLookup(r => r.ControllerUid, StringComparer.Ordinal);
        _selectorKeys = [.. objects.Services.SelectMany(s => s.Selector.Keys).Except(Service.WrittenByControllers, StringComparer.Ordinal)];
        _onRecord = objects.Changes.Where(c => c.WasAdmitted && c.Workload.Kind is "Pod" or "ReplicaSet" or "Job").GroupBy(c => c.Workload)
            .ToDictionary(g => g.Key, g => g.Max(c => c.LastAskedAt == DateTimeOffset.MinValue ? DateTimeOffset.MaxValue : c.LastAskedAt));
        foreach (var workload in objects.Workloads.Where(w => w.Spec.Uid.Length > 0))
        {
            _byUid.TryAdd(workload.Spec.Uid, workload);
        }

        foreach (var group in objects.Pods)
        {
            Attribute(group);
        }
    }

    public IReadOnlyList<Member> Members()
    {
        var serving = _objects.Workloads.Where(w => Member.Serves(w.Spec.Ref.Kind)).ToList();
        var sets = serving.Where(w => w.Spec.Ref.Kind == "ReplicaSet").ToLookup(w => OwnerOf(w)?.Spec.Uid ?? "", StringComparer.Ordinal);
        var jobs = serving.Where(w => w.Spec.Ref.Kind == "Job").ToLookup(w => OwnerOf(w)?.Spec.Uid ?? "", StringComparer.Ordinal);
        return [.. serving.Where(w => w.Spec.Ref.Kind != "ReplicaSet").Concat(sets[""]).Select(w => Of(w, sets, jobs)), .. _alone];
    }

    private Member Of(LiveWorkload workload, ILookup<string, LiveWorkload> sets, ILookup<string, LiveWorkload> jobs)
    {
        var spec = workload.Spec;
        var owner = spec.Ref.Kind == "Job" ? OwnerOf(workload) : null;
        // Of a CronJob counts what its Jobs do not run yet.
        var pods = RevisionsOf(workload, sets);
        var rest = spec.Ref.Kind == "CronJob" ? spec with { Replicas = Math.Max(0, spec.Replicas - jobs[spec.Uid].Sum(j => j.Spec.Replicas)) } : spec;
        return new Member
        {
            Spec = rest,
            Ready = workload.ReadyPods,
            Told = ToldOf(spec, sets),
            Pods = pods,
            Absent = AbsentOf(spec, pods),
            IsHastened = workload.Replaced > 0,
            Taken = spec.Ref.Kind == "Deployment" ? sets[spec.Uid].Sum(s => Taken(s.Spec)) : Taken(spec),
            RecordedAs = owner?.Spec.Ref,
            IsUnattributed = owner is null && spec.Ref.Kind is "ReplicaSet" or "Job" && !_onRecord.ContainsKey(spec.Ref),
            CreatedAt = spec.CreatedAt,
        };
    }

    private IReadOnlyList<RevisionPods> RevisionsOf(LiveWorkload workload, ILookup<string, LiveWorkload> sets) => workload.Spec.Ref.Kind switch
    {
        "Deployment" => Together(workload.Spec, sets[workload.Spec.Uid].Select(s =>
            new RevisionPods(s.Spec.Template.Hash, s.Spec.Ref.Name, s.Spec.Template.ImageNames, s.Spec.Replicas) { OwnedUid = s.Spec.Uid, Labels = s.Spec.Template.Labels, Seen = Made(s.Spec.Uid, s.Spec.Template.Hash) })),
        "StatefulSet" or "DaemonSet" => RevisionsByNumber(workload),
        _ when Made(workload.Spec.Uid, workload.Spec.Template.Hash) is { Count: > 0 } seen =>
            [new RevisionPods(workload.Spec.Template.Hash, null, workload.Spec.Template.ImageNames, workload.Spec.Replicas) { Seen = seen }],
        _ => [],
    };

    private IReadOnlyList<RevisionPods> RevisionsByNumber(LiveWorkload workload)
    {
        var all = WithLeftOver(workload, Together(workload.Spec, ControllerRevisions.Split(workload, [.. _revisions[workload.Spec.Uid]])));
        return [.. all.Select(r => WithSeen(workload.Spec, r, all)).Select(r => WithoutMissing(workload, r))];
    }

    /// <param name="all">Its revisions: two of the same hash have pods that are behind different Services.</param>
    private RevisionPods WithSeen(Workload owner, RevisionPods revision, IReadOnlyList<RevisionPods> all)
    {
        var seen = Made(owner.Uid, revision.TemplateHash);
        var same = all.Where(r => r.TemplateHash == revision.TemplateHash).ToList();
        if (same.Count > 1)
        {
            var sights = same.ConvertAll(r => SightOf(LabelsOf(r, owner)));
            // Pods that somebody gave other labels are told with the first.
            seen = [.. seen.Where(g => same[Math.Max(0, sights.IndexOf(SightOf(g.Shape.Template.Labels)))] == revision)];
        }

        return revision with { Seen = seen, Leaving = owner.IsDeleting ? 0 : seen.Sum(g => g.Serving - Staying(g, owner)) };
    }

    /// <summary>Of a Deployment by the sizes of its ReplicaSets; of a StatefulSet by its pods, as names that others have keep it from making its own.</summary>
    private int AbsentOf(Workload spec, IReadOnlyList<RevisionPods> pods) => spec.Ref.Kind switch
    {
        "Deployment" => Math.Max(0, spec.Replicas - pods.Sum(p => p.Pods)),
        "StatefulSet" when _objects.PodsAreKnown => Math.Max(0, spec.Replicas - pods.SelectMany(p => p.Seen).Sum(g => Staying(g, spec))),
        _ => 0,
    };

    private int ToldOf(Workload owner, ILookup<string, LiveWorkload> sets) =>
        owner.Ref.Kind == "Deployment" ? sets[owner.Uid].Sum(s => _told.GetValueOrDefault(s.Spec.Uid)) : _told.GetValueOrDefault(owner.Uid);

    private int Taken(Workload owner) => Math.Min(owner.Replicas, _taken.GetValueOrDefault(owner.Uid));

    /// <summary>
    /// A StatefulSet's status names two revisions. Pods may still run a third one, whose rollout was replaced by another before it ended.
    /// </summary>
    private IReadOnlyList<RevisionPods> WithLeftOver(LiveWorkload workload, IReadOnlyList<RevisionPods> split)
    {
        if (split.Count == 0 || !_made.TryGetValue(workload.Spec.Uid, out var made))
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
        if (!_objects.PodsAreKnown || revision.TemplateHash == spec.Template.Hash)
        {
            return revision;
        }

        var kept = spec.Strategy.Partition is > 0 ? Taken(spec) + Kept(spec) : 0;
        var stay = Math.Max(0, revision.Seen.Sum(g => Staying(g, spec)) + kept - workload.Replaced);
        return revision with { Pods = Math.Min(revision.Pods, stay) };
    }

    /// <summary>Pods below the partition of a StatefulSet that are not there.</summary>
    private int Kept(Workload set)
    {
        var below = set.Replicas - set.PodsAbovePartition;
        var there = _objects.Pods.Where(g => g.Shape.OwnerUid == set.Uid).SelectMany(g => g.Pods)
            .Count(p => p.Counts && p.Ordinal - set.Strategy.FirstOrdinal < below);
        return Math.Max(0, below - there);
    }

    /// <summary>Of a StatefulSet that shrinks, those above its size are on their way out.</summary>
    private static int Staying(PodGroup group, Workload owner) => owner.Ref.Kind != "StatefulSet" ? group.Serving : group.Pods.Count(p => p.Counts && !Member.IsBeyond(p, owner));

    /// <summary>A restart makes another owner of the same revision: it is still one, unless Services may tell their pods apart.</summary>
    private IReadOnlyList<RevisionPods> Together(Workload owner, IEnumerable<RevisionPods> pods) =>
    [
        .. pods.GroupBy(p => p.TemplateHash).SelectMany(same => same.Skip(1).Any() ? same.GroupBy(p => SightOf(LabelsOf(p, owner))).Select(Joined) : same),
    ];

    private static RevisionPods Joined(IEnumerable<RevisionPods> same) => (same.MaxBy(p => p.Pods) ?? same.First()) with
    {
        Pods = same.Sum(p => p.Pods),
        Leaving = same.Max(p => p.Leaving),
        Seen = [.. same.SelectMany(p => p.Seen).Distinct()],
    };

    private static IReadOnlyDictionary<string, string> LabelsOf(RevisionPods revision, Workload owner) => revision.Labels ?? owner.Template.Labels;

    /// <summary>What Services see of labels: the values of those keys by which any of them selects.</summary>
    private string SightOf(IReadOnlyDictionary<string, string> labels) => string.Join('\n', _selectorKeys.Select(k => labels.GetValueOrDefault(k) ?? "\0"));

    private IReadOnlyList<PodGroup> Made(string uid, string hash) =>
        _made.TryGetValue(uid, out var groups) ? [.. groups.Where(g => g.Hash == hash).Select(g => g.Group)] : [];

    private void Attribute(PodGroup group)
    {
        var byPeople = _onRecord.Count == 0 ? [] : group.Pods.Where(p => p.Counts && IsOnRecord(p)).ToList();
        _alone.AddRange(byPeople.Select(p => Alone(group with { Pods = [p] }, isUnattributed: false)));
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
        _alone.AddRange(rest.Pods.Where(p => p.Counts).GroupBy(p => CameBy(p)).Select(g => Alone(new PodGroup(rest.Shape, [.. g]), isUnattributed: true)));
    }

    /// <summary>Whether a request let it in. A controller may make another pod of the name later.</summary>
    private bool IsOnRecord(LivePod pod) => _onRecord.TryGetValue(new WorkloadRef("", "Pod", _objects.Namespace, pod.Name), out var asked)
        && (asked == DateTimeOffset.MaxValue || pod.CreatedAt <= asked + s_requestTimeout);

    private void Take(PodShape shape, int pods, int ready)
    {
        if (pods == 0 || shape.OwnerUid is not { } uid || !_byUid.TryGetValue(uid, out var owner))
        {
            return;
        }

        _told[uid] = _told.GetValueOrDefault(uid) + ready;
        // It counts those that its selector takes in, and is about to let go of the others.
        if (owner.Spec.Selector is { Requirements.Count: > 0 } selector && selector.Matches(shape.Template.Labels))
        {
            _taken[uid] = _taken.GetValueOrDefault(uid) + pods;
        }
    }

    /// <summary>The hash of the template from which an owner made a pod; null where it made none like it.</summary>
    private string? MadeFrom(LiveWorkload owner, PodShape shape)
    {
        (PodTemplate Template, string Hash) current = (owner.Spec.Template, owner.Spec.Template.Hash);
        var revisions = owner.Spec.Ref.Kind is "StatefulSet" or "DaemonSet" ? [.. LabelledFirst(owner, shape), current] : (IReadOnlyList<(PodTemplate Template, string Hash)>)[current];
        return Ownership.StandsForPods(owner.Spec, shape, revisions.Select(r => r.Template)) ? revisions.First(r => Ownership.Runs(shape.Template, r.Template)).Hash : null;
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

    private Member Alone(PodGroup group, bool isUnattributed)
    {
        var template = group.Shape.Template;
        var first = group.Pods.MinBy(p => p.Name, StringComparer.Ordinal) ?? throw new InvalidOperationException("a group without pods");
        return new Member
        {
            Spec = new Workload
            {
                Ref = new WorkloadRef("", "Pod", _objects.Namespace, first.Name),
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

    private LiveWorkload? OwnerOf(LiveWorkload made) =>
        made.Spec.ControllerUid is { } uid && _byUid.TryGetValue(uid, out var owner) && Ownership.StandsFor(owner.Spec, made.Spec) ? owner : null;
}
