using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Changes;

/// <summary>The votes that count for a Change between requests.</summary>
public static class StandingVotes
{
    /// <summary>
    /// The policies whose votes decide about the next request: those that enforce votes and match now, also those that are newer than the
    /// last request. The phase, the conditions and MISSING all follow them.
    /// </summary>
    /// <param name="policies">The policies of the namespace.</param>
    /// <param name="labels">Of the live workload; null if it is not known: then the last request tells which label selectors match.</param>
    public static IReadOnlyList<SafeguardPolicy> Deciding(
        Change change,
        IEnumerable<SafeguardPolicy> policies,
        DateTimeOffset now,
        IReadOnlyDictionary<string, string>? labels = null
    ) =>
        [
            .. policies.Where(p =>
                p.Approval is { Required: not Required.Never }
                && p.Enforces(now)
                && p.Match.IncludesKind(change.Workload.Kind)
                && (
                    change.Policies.Contains(p.Name)
                    || (labels is null ? p.Match.Workloads.Requirements.Count == 0 : p.Match.IncludesLabels(labels))
                )
            ),
        ];

    /// <summary>
    /// The Change without denials by policies that are deleted, or that enforce nothing now: they refuse no further request.
    /// </summary>
    /// <param name="policies">The policies of the namespace.</param>
    public static Change WithPresentDenials(Change change, IReadOnlyList<SafeguardPolicy> policies, DateTimeOffset now) =>
        change with
        {
            Denials = [.. change.Denials.Where(d => policies.Any(p => p.Name == d.Policy && p.Enforces(now)))],
        };

    /// <summary>
    /// A veto that stops a Change now; null if there is none. While it waits, a veto stops the next request; later, its promotion.
    /// </summary>
    /// <param name="siblings">All Changes of the workload.</param>
    /// <param name="labels">Of the live workload; null if it is not known.</param>
    public static Approval? StoppingVeto(
        Change change,
        IEnumerable<Approval> approvals,
        IReadOnlyList<SafeguardPolicy> policies,
        DateTimeOffset now,
        IReadOnlyList<Change> siblings,
        IReadOnlyDictionary<string, string>? labels = null
    ) =>
        Veto(
            change,
            approvals,
            change.Phase is Phase.Pending or Phase.Rejected
                ? Deciding(change, policies, now, labels)
                : [.. policies.Where(p => p.Enforces(now))],
            now,
            siblings
        );

    /// <summary>A veto that counts now under any of the policies; null if there is none.</summary>
    /// <param name="siblings">
    /// All Changes of the workload: where images are approved, a veto of an image that none of them completed with is a veto of every
    /// revision with it.
    /// </param>
    public static Approval? Veto(
        Change change,
        IEnumerable<Approval> approvals,
        IReadOnlyList<SafeguardPolicy> policies,
        DateTimeOffset now,
        IReadOnlyList<Change> siblings
    )
    {
        var rejections = approvals.Where(a => a.Decision is Decision.Reject && a.Workload == change.Workload).ToList();
        return rejections.Count == 0
            ? null
            : policies
                .Select(p => p.Approval)
                .OfType<ApprovalRules>()
                .Select(rules => (Rules: rules, Revision: RevisionOf(change, siblings, rules, runs: "")))
                .SelectMany(r => rejections.Where(a => Approvals.Veto.Counts(a, r.Rules, now) && r.Revision.IsRejectedBy(a, r.Rules)))
                .FirstOrDefault();
    }

    /// <summary>Whether a vote is about a Change: its template or, if it names no template, one of its images.</summary>
    public static bool IsAbout(Approval vote, Change change) => vote.IsAbout(change.Workload, change.HasHash, change.Images);

    /// <summary>A recorded revision, as if one of its requesters requested it again.</summary>
    /// <param name="siblings">All Changes of the workload.</param>
    /// <param name="runs">Hash of the template in the workload's spec; empty if there is none.</param>
    /// <param name="by">User name of that requester; null for the first.</param>
    /// <param name="evidence">From <see cref="StandingEvidence.Of"/>; null if there is none.</param>
    public static VotedRevision RevisionOf(
        Change change,
        IReadOnlyList<Change> siblings,
        ApprovalRules rules,
        string runs,
        string? by = null,
        SignedBacking? evidence = null
    )
    {
        var others = siblings.Where(s => s.TemplateHash != change.TemplateHash).ToList();
        var known = others
            .Where(s => s.HasCompleted || (s.HasHash(runs) && s is { WasAdmitted: true, WasAdmittedUnreviewed: false }))
            .SelectMany(s => s.Images);
        IReadOnlyList<string> fresh = rules.Covers is ApprovalCovers.Images ? [.. change.Images.Except(known)] : [];
        var requester = by ?? (change.Requesters is [var first, ..] ? first : "");
        return new VotedRevision(change.Workload, change.TemplateHash, change.Images)
        {
            NewImages = fresh,
            Requester = requester,
            Reviews = evidence?.Reviews ?? [],
            Summary = evidence?.Summary,
        }.WithPeople(
            change.Requesters,
            OriginReader.AuthorsIn(change.EvidenceFor([requester])).Concat(evidence?.Authors ?? []),
            others.Append(change)
        );
    }

    /// <summary>
    /// A revision with the people who may not approve it: its requesters and named authors; and where images are approved, also those of
    /// every revision that brought one of the new images. Of these revisions, only the first may name authors for other requesters: the
    /// others came after it.
    /// </summary>
    /// <param name="requesters">Of the revision itself.</param>
    /// <param name="authors">Of the revision itself, as far as their claims count for its requester.</param>
    /// <param name="changes">All Changes of the workload.</param>
    public static VotedRevision WithPeople(
        this VotedRevision revision,
        IEnumerable<string> requesters,
        IEnumerable<string> authors,
        IEnumerable<Change> changes
    )
    {
        var brought = changes.Where(c => c.Images.Any(revision.NewImages.Contains)).OrderBy(c => c.FirstRequestedAt).ToList();
        var claims = brought
            .Take(1)
            .SelectMany(c => c.EvidenceFor([revision.Requester]))
            .Concat(brought.SelectMany(c => c.Evidence.Where(e => e.By == revision.Requester)));
        return revision with
        {
            Requesters = requesters.Concat(brought.SelectMany(c => c.Requesters)).ToHashSet(StringComparer.Ordinal),
            Authors = authors.Concat(OriginReader.AuthorsIn(claims)).ToHashSet(StringComparer.OrdinalIgnoreCase),
        };
    }

    /// <summary>
    /// The review of a Change after its last unreviewed use of a BreakGlass: the vote of a person who may approve here, and is neither
    /// requester nor author. Null if there is none. A vote that is recorded as withdrawn may still be in a cache.
    /// </summary>
    /// <param name="decision">A rejection is a review as well.</param>
    public static Approval? Review(
        Change change,
        IEnumerable<Approval> approvals,
        IReadOnlyList<SafeguardPolicy> policies,
        Decision decision = Decision.Approve
    )
    {
        var uses = change.BreakGlassUses.Where(u => u.ReviewedBy is null).ToList();
        if (uses.Count == 0)
        {
            return null;
        }

        var last = uses.Max(u => u.At);
        var authors = OriginReader.AuthorsIn(change.EvidenceFor(uses.Select(u => u.By)));
        List<string> people = [.. uses.Select(u => u.By), .. change.Requesters, .. change.Backing.SelectMany(b => b.Authors)];
        return approvals.FirstOrDefault(a =>
            a.Decision == decision
            && a.TemplateHash == change.TemplateHash
            && a.Workload == change.Workload
            && a.CreatedAt >= last
            && !change.Votes.Any(v => v.IsOf(a) && v.IsGone)
            && !a.Approver.IsMachine
            && !IsAnyOf(a.Approver.Username, people, policies)
            && !authors.Contains(OriginReader.AsAuthor(a.Approver.Username), StringComparer.OrdinalIgnoreCase)
            && MayReview(a, policies)
        );
    }

    /// <summary>Whether a user is one of these people, under any of their names by any policy.</summary>
    private static bool IsAnyOf(string user, List<string> people, IReadOnlyList<SafeguardPolicy> policies) =>
        policies
            .Select(p => p.Approval?.Identities)
            .OfType<KnownPeople>()
            .Append(KnownPeople.None)
            .Any(known => people.Exists(p => known.Comparer.Equals(known.PersonOf(p), known.PersonOf(user))));

    /// <summary>Where no policy that enforces names groups, admission asked for the verb review when the vote was cast.</summary>
    private static bool MayReview(Approval vote, IReadOnlyList<SafeguardPolicy> policies)
    {
        var rules = policies.Where(p => p.EnforcesApproval(vote.CreatedAt)).Select(p => p.Approval).OfType<ApprovalRules>().ToList();
        return rules.Count == 0
            || rules.Exists(r => Quorum.IsEligible(r.Quorum, vote.Approver.Groups) && !r.Bots.Contains(vote.Approver.Username));
    }
}
