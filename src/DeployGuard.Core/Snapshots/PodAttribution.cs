using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Attributes every pod of a namespace to its workload and revision. A pod without a verified owner is a member of its own.
/// </summary>
internal sealed class PodAttribution
{
    /// <summary>An admitted pod is created within this time, including the clock difference between a replica and the API server.</summary>
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How long a controller may create pods from a former template, including the clock difference between a replica and the API server.
    /// </summary>
    private static readonly TimeSpan s_controllerLag = TimeSpan.FromSeconds(10);

    /// <summary>A Deployment's controller writes it into the selectors of its ReplicaSets, which cannot be changed.</summary>
    private const string TemplateHashLabel = "pod-template-hash";

    private readonly NamespaceObjects _objects;
    private readonly Dictionary<string, LiveWorkload> _byUid = new(StringComparer.Ordinal);
    private readonly ILookup<string, LiveRevision> _revisions;

    /// <summary>The admitted Changes of workloads whose kinds keep no revisions.</summary>
    private readonly ILookup<WorkloadRef, Change> _admitted;

    /// <summary>Objects that a request admitted, and its latest time. A user created these pods, whatever owner they name.</summary>
    private readonly Dictionary<WorkloadRef, DateTimeOffset> _onRecord;

    /// <summary>Pods by the uid of their workload, with the hash of the template from which they were created.</summary>
    private readonly Dictionary<string, List<(PodGroup Group, string Hash)>> _made = new(StringComparer.Ordinal);
    private readonly List<Member> _separateMembers = [];

    /// <summary>Pods that a controller counts by owner and labels, although they do not run its template.</summary>
    private readonly Dictionary<string, int> _separate = new(StringComparer.Ordinal);

    /// <summary>Ready pods that name a controller as their owner, and are members of their own.</summary>
    private readonly Dictionary<string, int> _separateReady = new(StringComparer.Ordinal);

    public PodAttribution(NamespaceObjects objects)
    {
        _objects = objects;
        _revisions = objects.Revisions.ToLookup(r => r.ControllerUid, StringComparer.Ordinal);
        _admitted = objects.Changes.Where(c => c.WasAdmitted && !KeepsRevisions(c.Workload.Type)).ToLookup(c => c.Workload);
        _onRecord = _admitted
            .Where(g => g.Key.Type.IsCreatedByControllers)
            .ToDictionary(
                g => g.Key,
                g => g.Max(c => c.LastRequestedAt == DateTimeOffset.MinValue ? DateTimeOffset.MaxValue : c.LastRequestedAt)
            );
        foreach (var workload in objects.Workloads.Where(w => w.Spec.Uid.Length > 0))
        {
            _byUid.TryAdd(workload.Spec.Uid, workload);
        }

        foreach (var group in objects.Pods)
        {
            Attribute(group);
        }
    }

    /// <summary>Pods without a verified owner, and pods that a request admitted directly.</summary>
    public IReadOnlyList<Member> SeparateMembers => _separateMembers;

    /// <summary>The pods of a workload, with the hash of the template from which they were created.</summary>
    public IReadOnlyList<(PodGroup Group, string Hash)> PodsOf(string uid) => _made.TryGetValue(uid, out var groups) ? groups : [];

    /// <summary>The pods of a workload that were created from one template.</summary>
    public IReadOnlyList<PodGroup> PodsOfRevision(string uid, string hash) =>
        _made.TryGetValue(uid, out var groups) ? [.. groups.Where(g => g.Hash == hash).Select(g => g.Group)] : [];

    /// <summary>The ControllerRevisions of a workload.</summary>
    public IEnumerable<LiveRevision> RevisionsOf(string uid) => _revisions[uid];

    /// <summary>Pods that a workload's controller counts, although they do not run its template.</summary>
    public int SeparatePodsOf(Workload owner) => Math.Min(owner.Replicas, _separate.GetValueOrDefault(owner.Uid));

    /// <summary>Ready pods that name a workload as their owner, and are members of their own.</summary>
    public int SeparateReadyOf(string uid) => _separateReady.GetValueOrDefault(uid);

    /// <summary>Whether a request admitted it.</summary>
    public bool IsOnRecord(WorkloadRef workload) => _onRecord.ContainsKey(workload);

    /// <summary>The verified owner of an object; null if there is none.</summary>
    public LiveWorkload? OwnerOf(LiveWorkload made) =>
        made.Spec.ControllerUid is { } uid && _byUid.TryGetValue(uid, out var owner) && Ownership.IsOwnerOf(owner.Spec, made.Spec)
            ? owner
            : null;

    private void Attribute(PodGroup group)
    {
        var admitted = _onRecord.Count == 0 ? [] : group.Pods.Where(p => p.IsActive && IsOnRecord(p)).ToList();
        _separateMembers.AddRange(admitted.Select(p => MemberOf(group with { Pods = [p] }, isUnattributed: false)));
        CountSeparately(group.Shape, admitted.Count, admitted.Count(p => p.IsReady));
        var rest = admitted.Count == 0 ? group : new PodGroup(group.Shape, [.. group.Pods.Except(admitted)]);
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

            known.Add((rest with { CanRunSince = CanRunSince(owner.Spec) }, revision));
            return;
        }

        CountSeparately(rest.Shape, rest.Serving, rest.Ready);
        // Pods that were adopted are grouped apart from later ones.
        _separateMembers.AddRange(
            rest.Pods.Where(p => p.IsActive)
                .GroupBy(p => AdoptedUnder(p))
                .Select(g => MemberOf(new PodGroup(rest.Shape, [.. g]), isUnattributed: true))
        );
    }

    /// <summary>Whether a request admitted the pod. A controller may create another pod of the same name later.</summary>
    private bool IsOnRecord(LivePod pod) =>
        _onRecord.TryGetValue(BuiltInKinds.Pod.Named(_objects.Namespace, pod.Name), out var asked)
        && (asked == DateTimeOffset.MaxValue || pod.CreatedAt <= asked + s_requestTimeout);

    private void CountSeparately(PodShape shape, int pods, int ready)
    {
        if (pods == 0 || shape.OwnerUid is not { } uid || !_byUid.TryGetValue(uid, out var owner))
        {
            return;
        }

        _separateReady[uid] = _separateReady.GetValueOrDefault(uid) + ready;
        // The controller counts the pods that its selector matches, and releases the others.
        if (owner.Spec.Selector is { Requirements.Count: > 0 } selector && selector.Matches(shape.Template.Labels))
        {
            _separate[uid] = _separate.GetValueOrDefault(uid) + pods;
        }
    }

    /// <summary>The hash of the template from which an owner created a pod; null if it is not the owner.</summary>
    private string? MadeFrom(LiveWorkload owner, PodShape shape)
    {
        (PodTemplate Template, string Hash) current = (owner.Spec.Template, owner.Spec.Template.Hash);
        var revisions = owner.Spec.Type.HasControllerRevisions
            ? [.. LabelledFirst(owner, shape), current]
            : (IReadOnlyList<(PodTemplate Template, string Hash)>)[current];
        return Ownership.IsOwnerOfPods(owner.Spec, shape, revisions.Select(r => r.Template))
            ? revisions.First(r => Ownership.Runs(shape.Template, r.Template)).Hash
            : null;
    }

    /// <summary>
    /// The earliest creation of pods that can run an owner's template. Pods are compared with templates by their images, and a ReplicaSet
    /// keeps its pods when a person changes its template: with the same images they would count for a template that none of them runs.
    /// Pods that are older than their owner were adopted by it.
    /// </summary>
    private DateTimeOffset CanRunSince(Workload owner)
    {
        var created = owner.CreatedAt ?? DateTimeOffset.MinValue;
        var requests = _admitted[owner.Ref].ToList();
        var requested = requests.Where(c => c.HasHash(owner.Template.Hash)).ToList();
        // A ReplicaSet of a Deployment was not created by a request, even if its Deployment is gone now.
        var isFirstTemplate =
            requested.Count == requests.Count
            && requested.TrueForAll(c => c.FirstRequestedAt - created <= s_controllerLag)
            && owner.Selector?.Requirements.Any(r => r.Key == TemplateHashLabel) is not true;
        if (requested.Count == 0 || isFirstTemplate)
        {
            return created;
        }

        var rewritten = requested.Max(c => c.LastRequestedAt) + s_controllerLag;
        return rewritten > created ? rewritten : created;
    }

    private static bool KeepsRevisions(WorkloadKind kind) => kind.HasReplicaSets || kind.HasControllerRevisions;

    /// <summary>The revision label is unverified. It only selects among revisions that match the pod.</summary>
    private IEnumerable<(PodTemplate Template, string Hash)> LabelledFirst(LiveWorkload owner, PodShape shape)
    {
        var label = shape.Template.Labels.GetValueOrDefault(LiveRevision.Label);
        var newest = ControllerRevisions.Newest(owner, _revisions[owner.Spec.Uid]);
        return _revisions[owner.Spec.Uid]
            .OrderByDescending(r => r.PodLabel == label)
            .ThenByDescending(r => r.Number)
            // Takes the spec's hash, because the stored revision may lack defaults of a newer server.
            .Select(r => r == newest && owner.IsObserved ? (owner.Spec.Template, owner.Spec.Template.Hash) : (r.Template, r.TemplateHash));
    }

    private string AdoptedUnder(LivePod pod) =>
        string.Join(',', _objects.Adopted.Where(a => a.Value.Includes(pod)).Select(a => a.Key).Order(StringComparer.Ordinal));

    private Member MemberOf(PodGroup group, bool isUnattributed)
    {
        var template = group.Shape.Template;
        var first = group.Pods.MinBy(p => p.Name, StringComparer.Ordinal) ?? throw new InvalidOperationException("a group without pods");
        return new Member
        {
            Spec = new Workload
            {
                Ref = BuiltInKinds.Pod.Named(_objects.Namespace, first.Name),
                // A policy may select workloads by these labels.
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
