using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>What the approvals and vetoes on record come to for one change under one policy's rules.</summary>
/// <param name="NeedsNone">The policy covers images, and none of them is new.</param>
/// <param name="Counted">The people whose yes counts, each once.</param>
/// <param name="NotCounted">Who said yes in vain, and why: <c>alice (expired)</c>.</param>
/// <param name="Vetoes">The noes that count.</param>
internal sealed record Votes(bool NeedsNone, IReadOnlyList<Requester> Counted, IReadOnlyList<string> NotCounted, IReadOnlyList<Approval> Vetoes)
{
    /// <param name="rules">Those of <paramref name="policy"/>.</param>
    public static Votes Of(Change change, Workload after, SafeguardPolicy policy, ApprovalRules rules, ClusterView view, DateTimeOffset now)
    {
        var fresh = rules.Covers is ApprovalCovers.Images ? NewImages(change, after, policy, view) : [];
        var excluded = Excluded(change, fresh, view);
        var approves = view.Approvals.Where(a => a.Decision is Decision.Approve && a.Workload == after.Ref && Binds(a, after, rules, fresh)).ToList();
        var judged = approves.Select(a => (a.Approver, Why: WhyNot(a, rules, excluded, now))).ToList();
        var counted = judged.Where(j => j.Why is null).Select(j => j.Approver).DistinctBy(p => p.Username).ToList();
        return new Votes(
            rules.Covers is ApprovalCovers.Images && fresh.Count == 0,
            counted,
            [.. judged.Where(j => j.Why is not null && counted.All(c => c.Username != j.Approver.Username)).Select(j => $"{j.Approver.Username} ({j.Why})").Distinct()],
            [.. view.Approvals.Where(a => IsVeto(a, rules, now) && (a.IsAbout(after) || (a.Workload == after.Ref && a.Images.Any(fresh.Contains))))]);
    }

    /// <summary>A no that counts under the rules, whatever it is about.</summary>
    public static bool IsVeto(Approval vote, ApprovalRules rules, DateTimeOffset now) =>
        vote.Decision is Decision.Reject && MayVeto(vote.Approver, rules) && !vote.HasExpired(rules.MaxAge, now);

    /// <summary>Whether a no of this identity counts.</summary>
    public static bool MayVeto(Requester who, ApprovalRules rules) =>
        rules.Monitors.Contains(who.Username) || (!who.IsMachine && Quorum.IsEligible(rules.Quorum, who.Groups));

    private static bool Binds(Approval approval, Workload after, ApprovalRules rules, IReadOnlyList<string> fresh) =>
        approval.TemplateHash == after.Template.Hash
        || (rules.Covers is ApprovalCovers.Images && fresh.Count > 0 && fresh.All(approval.Images.Contains));

    private static string? WhyNot(Approval approval, ApprovalRules rules, HashSet<string> excluded, DateTimeOffset now)
    {
        var who = approval.Approver;
        return who.IsMachine ? "a machine"
            : rules.Bots.Contains(who.Username) ? "a listed bot"
            : excluded.Contains(who.Username) ? "asked for it, or is named as its author"
            : !Quorum.IsEligible(rules.Quorum, who.Groups) ? "in none of these groups"
            : approval.HasExpired(rules.MaxAge, now) ? "expired"
            : null;
    }

    /// <summary>Images of the revision that nothing reviewed ever ran: neither what runs now, nor what completed.</summary>
    private static IReadOnlyList<string> NewImages(Change change, Workload after, SafeguardPolicy policy, ClusterView view)
    {
        var running = change.Before is { } before && !view.Changes.Any(c => c.CameInUnreviewed && c.TemplateHash == before.Template.Hash)
            ? NamesIn(before.Template, policy)
            : [];
        var known = running.Concat(view.Changes.Where(c => c.HasCompleted).SelectMany(c => c.Images)).ToHashSet();
        return [.. NamesIn(after.Template, policy).Where(i => !known.Contains(i)).Distinct()];
    }

    private static IEnumerable<string> NamesIn(PodTemplate template, SafeguardPolicy policy) => policy.ImagesOf(template).Select(i => i.Reference.Text);

    /// <summary>
    /// Everybody who asked for the revision or is named as its author; where images are approved, of any revision that brought one of
    /// the new images, since it is them that are approved. Of these, only the first may name authors for others: the rest came after it.
    /// </summary>
    private static HashSet<string> Excluded(Change change, IReadOnlyList<string> fresh, ClusterView view)
    {
        var brought = view.Changes.Where(c => c.Images.Any(fresh.Contains)).OrderBy(c => c.FirstAskedAt).ToList();
        var asks = change.Request.Requester.Username;
        var claims = brought.Take(1).SelectMany(c => c.EvidenceFor([asks])).Concat(brought.SelectMany(c => c.Evidence.Where(e => e.By == asks)));
        // User names are compared as written; authors are claims, in which a capital letter must not make a difference.
        return
        [
            .. change.Requesters, .. brought.SelectMany(c => c.Requesters),
            .. Known(change.Origin.Authors.Concat(OriginReader.AuthorsIn(claims)), view.Approvals),
        ];
    }

    /// <summary>The approvers whom a claim of authorship means.</summary>
    private static IEnumerable<string> Known(IEnumerable<string> authors, IEnumerable<Approval> approvals)
    {
        var names = authors.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return approvals.Select(a => a.Approver.Username).Where(names.Contains);
    }
}
