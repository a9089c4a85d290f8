using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Changes;

/// <summary>The votes that count for a Change between requests.</summary>
public static class StandingVotes
{
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
        IEnumerable<Change> siblings
    )
    {
        var known = siblings.Where(s => s.HasCompleted && s.TemplateHash != change.TemplateHash).SelectMany(s => s.Images).ToHashSet();
        var fresh = change.Images.Where(i => !known.Contains(i)).ToHashSet();
        return approvals.FirstOrDefault(a =>
            a.Workload == change.Workload
            && policies.Any(p =>
                p.Approval is { } rules
                && Approvals.Veto.Counts(a, rules, now)
                && (IsAbout(a, change) || (rules.Covers is ApprovalCovers.Images && a.Images.Any(fresh.Contains)))
            )
        );
    }

    /// <summary>
    /// The reviewer of a Change after its last unreviewed use of a BreakGlass: a person who may approve here, and is neither requester nor
    /// author. Null if there is none.
    /// </summary>
    public static string? Reviewer(Change change, IEnumerable<Approval> approvals, IReadOnlyList<SafeguardPolicy> policies)
    {
        var uses = change.BreakGlassUses.Where(u => u.ReviewedBy is null).ToList();
        if (uses.Count == 0)
        {
            return null;
        }

        var last = uses.Max(u => u.At);
        var authors = OriginReader.AuthorsIn(change.EvidenceFor(uses.Select(u => u.By)));
        var rules = policies.Select(p => p.Approval).OfType<ApprovalRules>().ToList();
        return approvals
            .FirstOrDefault(a =>
                a.Decision is Decision.Approve
                && a.TemplateHash == change.TemplateHash
                && a.Workload == change.Workload
                && a.CreatedAt >= last
                && !a.Approver.IsMachine
                && uses.All(u => u.By != a.Approver.Username)
                && !change.Requesters.Contains(a.Approver.Username)
                && !authors.Contains(a.Approver.Username, StringComparer.OrdinalIgnoreCase)
                && (
                    rules.Count == 0
                    || rules.Any(r => Quorum.IsEligible(r.Quorum, a.Approver.Groups) && !r.Bots.Contains(a.Approver.Username))
                )
            )
            ?.Approver.Username;
    }

    private static bool IsAbout(Approval vote, Change change) =>
        vote.Workload == change.Workload
        && (vote.TemplateHash is { } hash ? hash == change.TemplateHash : change.Images.Any(vote.Images.Contains));
}
