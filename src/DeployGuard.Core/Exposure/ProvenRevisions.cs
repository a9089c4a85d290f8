using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>Which revisions of a namespace are proven under one policy.</summary>
internal sealed class ProvenRevisions(SafeguardPolicy policy, CanaryRules rules, NamespaceSnapshot snapshot, DateTimeOffset now)
{
    private readonly ChangeLookup _changes = ChangeLookup.Of(snapshot.Changes);
    private readonly Dictionary<string, (ServedPool Most, DateTimeOffset LastAt)?> _lastServed = [];
    private readonly AdoptedPods? _adopted = snapshot.Adopted.GetValueOrDefault(policy.Name);

    /// <summary>
    /// The revisions that are proven for a pool's users. Those proven elsewhere, or without users, count only if the pool has no proven
    /// revision of its own.
    /// </summary>
    public ProvenInPool In(Pool pool)
    {
        var members = pool.Members.Select(m => m.Spec.Ref).ToHashSet();
        // Without a record of its pools it counts here: the leader records them shortly after the phase.
        var here = _changes
            .Of(members)
            .Where(c => IsProven(c) && c.Served.Count == 0)
            .Concat(_changes.ServedIn(pool.Name).Where(c => IsProven(c) && c.Served.Any(s => s.Pool == pool.Name && IsProof(c, s))))
            .ToList();
        var keys = here.Select(KeyOf).ToHashSet();
        if (_adopted is not null)
        {
            // Unattributed pods have no Change of their own; those that ran at the adoption were adopted too.
            keys.UnionWith(pool.Members.Where(m => m.Spec.Type.IsOnePod && IsPresumedProven(m)).SelectMany(RevisionsOf).Select(KeyOf));
        }

        if (!IsWarm(pool, here, keys))
        {
            // A workload stays proven when it gets its first Service; one that joins others behind a Service must complete its canary
            // there.
            here.AddRange(_changes.Of(members).Where(IsProven));
            // Without Changes, running pods are the only evidence. With them, a revision that came during an outage is no evidence for
            // others.
            keys.UnionWith(
                here.Count > 0 ? here.Select(KeyOf) : pool.Members.Where(IsPresumedProven).SelectMany(m => RevisionsOf(m)).Select(KeyOf)
            );
        }

        here.AddRange(_changes.Of(members).Where(PredatesPolicy));
        return new ProvenInPool(keys, new HashSet<Change>(here, ReferenceEqualityComparer.Instance));
    }

    /// <summary>Whether the policy requires a canary of a member's revision that is not proven.</summary>
    /// <param name="proven">From <see cref="In"/>.</param>
    public bool IsUnproven(Member member, RevisionPods revision, ProvenInPool proven) =>
        (member.IsUnattributed || AppliesTo(member.Spec))
        && !IsPresumedProven(member)
        && Find(member.RecordedAs ?? member.Spec.Ref, revision) is var change
        && RequiresCanary(change is null ? OriginKind.Unknown : change.Origin)
        && !(change is not null && proven.Changes.Contains(change))
        && !proven.Keys.Contains(KeyOf(revision));

    /// <summary>Whether any pod of a pool's own members runs a proven revision, or is to run it by the specs.</summary>
    public bool IsAnyIn(Pool pool)
    {
        var proven = In(pool);
        return pool.Members.Where(pool.IsFullMember).Any(m => RevisionsOf(m).Any(r => r.Pods > 0 && !IsUnproven(m, r, proven)));
    }

    /// <summary>The same for the requested revision, which may have no Change yet.</summary>
    public bool IsRequestedUnproven(Workload after, OriginKind origin, ProvenInPool proven) =>
        AppliesTo(after)
        && RequiresCanary(origin)
        && !_changes.Of(after.Ref).Any(c => c.TemplateHash == after.Template.Hash && proven.Changes.Contains(c))
        && !proven.Keys.Contains(RevisionKey.Of(rules.Covers, after));

    /// <summary>
    /// A member without a Change is presumed proven if its policy adopted nothing yet, or if it ran at the adoption. A later one bypassed
    /// DeployGuard, or has an unknown origin.
    /// </summary>
    private bool IsPresumedProven(Member member) =>
        member.Spec.Type.IsOnePod
            ? member is { IsUnattributed: true, RecordedAs: null, CreatedAt: not null }
                && (_adopted is null || member.Pods.SelectMany(p => p.Seen).SelectMany(g => g.Pods).All(_adopted.Includes))
            : _adopted is null && !_changes.Of(member.RecordedAs ?? member.Spec.Ref).Any(c => c.WasAdmitted);

    /// <summary>The revisions of a member's pods; that of its spec if no pod was seen yet.</summary>
    public static IReadOnlyList<RevisionPods> RevisionsOf(Member member) =>
        member.Pods.Any(p => p.Pods > 0)
            ? [.. member.Pods.Where(p => p.Pods > 0)]
            : [new RevisionPods(member.Spec.Template.Hash, null, member.Spec.Template.ImageNames, member.Size)];

    private bool AppliesTo(Workload spec) => spec.Type.Serves && policy.Match.Includes(spec);

    private bool RequiresCanary(OriginKind origin) => policy.IsRequired(rules.Required, origin);

    /// <summary>A revision that is proven for the pool's users is there, or was within <c>coldAfter</c>.</summary>
    private bool IsWarm(Pool pool, IReadOnlyList<Change> here, HashSet<string> keys) =>
        here.Any(c => c.Served.Any(s => s.Pool == pool.Name && s.IsWithin(rules.ColdAfter, now)))
        || pool.Members.Where(pool.IsFullMember).Any(m => RevisionsOf(m).Any(r => keys.Contains(KeyOf(r))));

    private string KeyOf(Change change) => RevisionKey.Of(rules.Covers, change);

    private string KeyOf(RevisionPods revision) => RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images);

    private Change? Find(WorkloadRef workload, RevisionPods revision) =>
        _changes.Of(workload).FirstOrDefault(c => c.TemplateHash == revision.TemplateHash)
        // A server upgrade may have added defaults since, and the stored hash lacks them.
        ?? _changes.Of(workload).FirstOrDefault(c => c.IsOwnedRevision(revision.OwnedUid, revision.TemplateHash));

    /// <summary>It completed before the policy applied to it: a new policy must not block revisions that already serve.</summary>
    private bool PredatesPolicy(Change change) =>
        change is { HasCompleted: true, Policies.Count: > 0 } && !change.Policies.Contains(policy.Name);

    /// <summary>
    /// It is proven for the users of this pool, and not only for others: it held every step there, as the leader recorded, or ran there
    /// before the adoption.
    /// </summary>
    public bool IsProof(Change change, ServedPool served) =>
        !served.WasOnlyUnproven
        || change.Adopted
        || change.CompletedSteps.Any(h => h.Policy == policy.Name && h.Pool == served.Pool && rules.Steps.All(s => s <= h.Percent));

    /// <summary>The same for its revision, run by any workload there.</summary>
    public bool IsProofByAny(Change change, ServedPool served) =>
        IsProof(change, served)
        || _changes
            .ServedIn(served.Pool)
            .Any(c => IsProven(c) && c.Served.Any(s => s.Pool == served.Pool && IsProof(c, s)) && KeyOf(c) == KeyOf(change));

    /// <summary>
    /// The most pods of a proven revision that served a pool's users within <c>coldAfter</c>, and when the last proven pod did, of whatever
    /// revision; null if none did.
    /// </summary>
    public (ServedPool Most, DateTimeOffset LastAt)? LastServed(string pool)
    {
        if (!_lastServed.TryGetValue(pool, out var found))
        {
            var served = _changes
                .ServedIn(pool)
                .Where(IsProven)
                .SelectMany(c => c.Served.Where(s => s.Pool == pool && s.IsWithin(rules.ColdAfter, now) && IsProofByAny(c, s)))
                .ToList();
            // Of a revision that another one replaced, the time is on record, and the number of its pods is not.
            _lastServed[pool] = found = served.MaxBy(s => (s.Pods, s.IsPresent, s.At)) is { } most
                ? (most, served.Max(s => s.IsPresent ? now : s.At))
                : null;
        }

        return found;
    }

    /// <summary>A BreakGlass may have waived the steps that make a revision proven.</summary>
    public static bool IsProven(Change change) => change.Phase is Phase.Proven && !change.IsUnreviewed;
}

/// <summary>The revisions that are proven for the users of one pool.</summary>
/// <param name="Keys">Of revisions, run by any workload there.</param>
/// <param name="Changes">Revisions of its members that need no canary there; compared by reference.</param>
internal sealed record ProvenInPool(IReadOnlySet<string> Keys, IReadOnlySet<Change> Changes);
