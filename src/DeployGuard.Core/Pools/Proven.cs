using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Pools;

/// <summary>Which revisions of a namespace have proven themselves, in the eyes of one policy.</summary>
internal sealed class Proven(SafeguardPolicy policy, CanaryRules rules, Serving serving)
{
    private readonly ILookup<WorkloadRef, RecordedChange> _changes = serving.Changes.ToLookup(c => c.Workload);

    /// <summary>Keys of the revisions that have proven themselves to a pool's users.</summary>
    public HashSet<string> In(Pool pool)
    {
        var members = pool.Members.Select(m => m.Spec.Ref).ToHashSet();
        var recorded = serving.Changes.Where(c => IsProven(c) && (members.Contains(c.Workload) || c.Served.Any(s => s.Pool == pool.Name)))
            .Select(c => RevisionKey.Of(rules.Covers, c.TemplateHash, c.Images));
        // Without records, what runs is all that is known to work.
        var unrecorded = pool.Members.Where(m => !IsRecorded(m.Spec.Ref))
            .SelectMany(m => RevisionsOf(m)).Select(r => RevisionKey.Of(rules.Covers, r.TemplateHash, r.Images));
        return [.. recorded, .. unrecorded];
    }

    /// <summary>Whether the policy wants proof of a revision of a member, and has none.</summary>
    /// <param name="proven">From <see cref="In"/>.</param>
    public bool Lacks(Member member, RevisionPods revision, HashSet<string> proven) =>
        Subjects(member.Spec)
        && IsRecorded(member.Spec.Ref)
        && Find(member.Spec.Ref, revision) is var change
        && Wants(change is null ? OriginKind.Unknown : change.Origin)
        && !(change is not null && (IsProven(change) || CameBefore(change)))
        && !proven.Contains(RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images));

    /// <summary>The same of the revision that is asked for now, which may be on no record yet.</summary>
    public bool LacksAsked(Workload after, OriginKind origin, HashSet<string> proven) =>
        Subjects(after) && Wants(origin)
        && !_changes[after.Ref].Any(c => c.TemplateHash == after.Template.Hash && (IsProven(c) || CameBefore(c)))
        && !proven.Contains(RevisionKey.Of(rules.Covers, after));

    /// <summary>Whether anything of a workload was ever let in: it then came by a request, and is on record.</summary>
    /// <remarks>Pods come by the thousand from controllers, and have no records to lose.</remarks>
    public bool IsRecorded(WorkloadRef workload) => workload.Kind == "Pod" || _changes[workload].Any(c => c.WasAdmitted);

    /// <summary>What a member's pods run, or where none was seen yet, what its spec says.</summary>
    public static IReadOnlyList<RevisionPods> RevisionsOf(Member member) => member.Pods.Any(p => p.Pods > 0)
        ? [.. member.Pods.Where(p => p.Pods > 0)]
        : [new RevisionPods(member.Spec.Template.Hash, null, [.. member.Spec.Template.Images.Select(i => i.Reference.Text)], member.Size)];

    private bool Subjects(Workload spec) =>
        Member.Serves(spec.Ref.Kind)
        && (policy.Match.Kinds.Count == 0 || policy.Match.Kinds.Contains(spec.Ref.Kind))
        && policy.Match.Workloads.Matches(spec.Labels);

    private bool Wants(OriginKind origin) => (Origin.NothingKnown with { Kind = origin }).Needs(rules.Required, policy.UnknownOrigin);

    private RecordedChange? Find(WorkloadRef workload, RevisionPods revision) =>
        _changes[workload].FirstOrDefault(c => c.TemplateHash == revision.TemplateHash)
        // A server upgrade may have added defaults, and then the stored hash is of another day.
        ?? (revision.Owned is { } owned ? _changes[workload].FirstOrDefault(c => c.OwnedRevision == owned) : null);

    /// <summary>It ran before the policy was asked about it: a policy that comes later must not hold what serves already.</summary>
    private bool CameBefore(RecordedChange change) => change is { HasCompleted: true, Policies.Count: > 0 } && !change.Policies.Contains(policy.Name);

    /// <summary>A BreakGlass may have waived the very steps that would have proven it.</summary>
    private static bool IsProven(RecordedChange change) => change.Phase is Phase.Proven && !change.IsUnreviewed;
}
