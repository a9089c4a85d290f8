using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>Which revisions of a namespace have proven themselves, in the eyes of one policy.</summary>
internal sealed class ProvenRevisions(SafeguardPolicy policy, CanaryRules rules, NamespaceSnapshot snapshot, DateTimeOffset now)
{
    private readonly ILookup<WorkloadRef, Change> _changes = snapshot.Changes.ToLookup(c => c.Workload);
    private readonly Dictionary<string, ServedPool?> _ofLate = [];
    private readonly AdoptedPods? _adopted = snapshot.Adopted.GetValueOrDefault(policy.Name);

    /// <summary>What has proven itself to a pool's users. Proof given to others, or to nobody, counts only where the pool knows no better.</summary>
    public ProvenInPool In(Pool pool)
    {
        var members = pool.Members.Select(m => m.Spec.Ref).ToHashSet();
        // It serves here unless it is on record that it served elsewhere: the leader notes it a moment after the proof.
        var here = snapshot.Changes.Where(c => IsProven(c) && (c.Served.Count == 0 ? members.Contains(c.Workload) : c.Served.Any(s => s.Pool == pool.Name && IsProof(c, s)))).ToList();
        var keys = here.Select(KeyOf).ToHashSet();
        if (_adopted is not null)
        {
            // Pods that nobody stands for are on no record of their own; those that ran when the rest was adopted were adopted with it.
            keys.UnionWith(pool.Members.Where(m => m.Spec.Type.IsOnePod && IsTakenAsKnown(m)).SelectMany(RevisionsOf).Select(KeyOf));
        }

        if (!IsWarm(pool, here, keys))
        {
            // A workload that comes behind its first Service does not lose its proof by it; one that joins others there must give its own.
            here.AddRange(snapshot.Changes.Where(c => IsProven(c) && members.Contains(c.Workload)));
            // Without records, what runs is all that is known to work. With them, what came in while nobody answered proves nothing to others.
            keys.UnionWith(here.Count > 0 ? here.Select(KeyOf) : pool.Members.Where(IsTakenAsKnown).SelectMany(m => RevisionsOf(m)).Select(KeyOf));
        }

        here.AddRange(snapshot.Changes.Where(c => CameBefore(c) && members.Contains(c.Workload)));
        return new ProvenInPool(keys, new HashSet<Change>(here, ReferenceEqualityComparer.Instance));
    }

    /// <summary>Whether the policy wants proof of a revision of a member, and has none.</summary>
    /// <param name="proven">From <see cref="In"/>.</param>
    public bool Lacks(Member member, RevisionPods revision, ProvenInPool proven) =>
        (member.IsUnattributed || Subjects(member.Spec))
        && !IsTakenAsKnown(member)
        && Find(member.RecordedAs ?? member.Spec.Ref, revision) is var change
        && Wants(change is null ? OriginKind.Unknown : change.Origin)
        && !(change is not null && proven.Changes.Contains(change))
        && !proven.Keys.Contains(KeyOf(revision));

    /// <summary>The same of the revision that is asked for now, which may be on no record yet.</summary>
    public bool LacksAsked(Workload after, OriginKind origin, ProvenInPool proven) =>
        Subjects(after) && Wants(origin)
        && !_changes[after.Ref].Any(c => c.TemplateHash == after.Template.Hash && proven.Changes.Contains(c))
        && !proven.Keys.Contains(RevisionKey.Of(rules.Covers, after));

    /// <summary>
    /// What nothing is on record of is taken for known to work where nobody adopted what runs, and what ran when somebody did. What came later came past us, or
    /// nobody knows where from.
    /// </summary>
    private bool IsTakenAsKnown(Member member) => member.Spec.Type.IsOnePod
        ? member is { IsUnattributed: true, RecordedAs: null, CreatedAt: not null } && (_adopted is null || member.Pods.SelectMany(p => p.Seen).SelectMany(g => g.Pods).All(_adopted.Includes))
        : _adopted is null && !_changes[member.RecordedAs ?? member.Spec.Ref].Any(c => c.WasAdmitted);

    /// <summary>What a member's pods run, or where none was seen yet, what its spec says.</summary>
    public static IReadOnlyList<RevisionPods> RevisionsOf(Member member) => member.Pods.Any(p => p.Pods > 0)
        ? [.. member.Pods.Where(p => p.Pods > 0)]
        : [new RevisionPods(member.Spec.Template.Hash, null, member.Spec.Template.ImageNames, member.Size)];

    private bool Subjects(Workload spec) =>
        spec.Type.Serves
        && policy.Match.IncludesKind(spec.Ref.Kind)
        && policy.Match.IncludesLabels(spec.Labels);

    private bool Wants(OriginKind origin) => policy.IsRequired(rules.Required, origin);

    /// <summary>Something that has proven itself to the pool's users is there, or was until a while ago.</summary>
    private bool IsWarm(Pool pool, IReadOnlyList<Change> here, HashSet<string> keys) =>
        here.Any(c => c.Served.Any(s => s.Pool == pool.Name && s.IsWithin(rules.ColdAfter, now)))
        || pool.Members.Where(pool.IsOwn).Any(m => RevisionsOf(m).Any(r => keys.Contains(KeyOf(r))));

    private string KeyOf(Change change) => RevisionKey.Of(rules.Covers, change);

    private string KeyOf(RevisionPods revision) => RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images);

    private Change? Find(WorkloadRef workload, RevisionPods revision) =>
        _changes[workload].FirstOrDefault(c => c.TemplateHash == revision.TemplateHash)
        // A server upgrade may have added defaults, and then the stored hash is of another day.
        ?? _changes[workload].FirstOrDefault(c => c.IsOwnedRevision(revision.OwnedUid, revision.TemplateHash));

    /// <summary>It ran before the policy was asked about it: a policy that comes later must not hold what serves already.</summary>
    private bool CameBefore(Change change) => change is { HasCompleted: true, Policies.Count: > 0 } && !change.Policies.Contains(policy.Name);

    /// <summary>
    /// It proved itself to the users of this pool, and not only to others: it held every step there, as the leader notes once it has seen that, or ran there before
    /// anybody asked.
    /// </summary>
    public bool IsProof(Change change, ServedPool served) => !served.IsTrial || change.Adopted
        || change.CompletedSteps.Any(h => h.Policy == policy.Name && h.Pool == served.Pool && rules.Steps.All(s => s <= h.Percent));

    /// <summary>The same of its revision, whichever workload proved it there.</summary>
    public bool IsProofByAny(Change change, ServedPool served) => IsProof(change, served)
        || snapshot.Changes.Any(c => IsProven(c) && c.Served.Any(s => s.Pool == served.Pool && IsProof(c, s)) && KeyOf(c) == KeyOf(change));

    /// <summary>The most pods of a proven revision that served a pool's users, until a while ago; null where none did.</summary>
    public ServedPool? OfLate(string pool)
    {
        if (!_ofLate.TryGetValue(pool, out var most))
        {
            _ofLate[pool] = most = snapshot.Changes.Where(IsProven)
                .SelectMany(c => c.Served.Where(s => s.Pool == pool && s.IsWithin(rules.ColdAfter, now) && IsProofByAny(c, s)))
                .MaxBy(s => s.Pods);
        }

        return most;
    }

    /// <summary>A BreakGlass may have waived the very steps that would have proven it.</summary>
    public static bool IsProven(Change change) => change.Phase is Phase.Proven && !change.IsUnreviewed;
}

/// <summary>What has proven itself to the users of one pool.</summary>
/// <param name="Keys">Of revisions, whoever runs them there.</param>
/// <param name="Changes">Revisions of its members that need no proof there; compared by reference.</param>
internal sealed record ProvenInPool(IReadOnlySet<string> Keys, IReadOnlySet<Change> Changes);
