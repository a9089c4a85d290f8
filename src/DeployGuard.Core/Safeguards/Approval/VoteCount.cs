using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Counts the approvals and vetoes for one change under one policy's rules.</summary>
/// <param name="IsNotRequired">The policy covers images, and none of them is new.</param>
/// <param name="Counted">The people whose approval counts, each once.</param>
/// <param name="NotCounted">Approvers whose approval does not count, and why: <c>alice (expired)</c>.</param>
/// <param name="Vetoes">The rejections that count.</param>
internal sealed record VoteCount(
    bool IsNotRequired,
    IReadOnlyList<Requester> Counted,
    IReadOnlyList<string> NotCounted,
    IReadOnlyList<Approval> Vetoes
)
{
    /// <param name="rules">Those of <paramref name="policy"/>.</param>
    public static VoteCount Of(
        EvaluatedRequest evaluated,
        Workload after,
        SafeguardPolicy policy,
        ApprovalRules rules,
        ClusterSnapshot cluster,
        DateTimeOffset now
    )
    {
        var newImages = rules.Covers is ApprovalCovers.Images ? NewImages(evaluated, after, policy, cluster) : [];
        var excluded = Excluded(evaluated, newImages, cluster);
        var approves = cluster
            .Approvals.Where(a => a.Decision is Decision.Approve && a.Workload == after.Ref && Binds(a, after, rules, newImages))
            .ToList();
        var votes = approves.Select(a => (a.Approver, Why: WhyNot(a, rules, excluded, now))).ToList();
        var counted = votes.Where(v => v.Why is null).Select(v => v.Approver).DistinctBy(p => p.Username).ToList();
        return new VoteCount(
            rules.Covers is ApprovalCovers.Images && newImages.Count == 0,
            counted,
            [
                .. votes
                    .Where(v => v.Why is not null && counted.All(c => c.Username != v.Approver.Username))
                    .Select(v => $"{v.Approver.Username} ({v.Why})")
                    .Distinct(),
            ],
            [
                .. cluster.Approvals.Where(a =>
                    Veto.Counts(a, rules, now) && (a.IsAbout(after) || (a.Workload == after.Ref && a.Images.Any(newImages.Contains)))
                ),
            ]
        );
    }

    private static bool Binds(Approval approval, Workload after, ApprovalRules rules, IReadOnlyList<string> newImages) =>
        approval.TemplateHash == after.Template.Hash
        || (rules.Covers is ApprovalCovers.Images && newImages.Count > 0 && newImages.All(approval.Images.Contains));

    private static string? WhyNot(Approval approval, ApprovalRules rules, HashSet<string> excluded, DateTimeOffset now)
    {
        var who = approval.Approver;
        return who.IsMachine ? "a machine"
            : rules.Bots.Contains(who.Username) ? "a listed bot"
            : excluded.Contains(who.Username) ? "requester or named author"
            : !Quorum.IsEligible(rules.Quorum, who.Groups) ? "in none of the groups"
            : approval.HasExpired(rules.MaxAge, now) ? "expired"
            : null;
    }

    /// <summary>
    /// Images of the revision that are neither in the running template, unless it is unreviewed, nor in a completed revision.
    /// </summary>
    private static IReadOnlyList<string> NewImages(
        EvaluatedRequest evaluated,
        Workload after,
        SafeguardPolicy policy,
        ClusterSnapshot cluster
    )
    {
        var running =
            evaluated.Before is { } before && !cluster.Changes.Any(c => c.WasAdmittedUnreviewed && c.TemplateHash == before.Template.Hash)
                ? NamesIn(before.Template, policy)
                : [];
        var known = running.Concat(cluster.Changes.Where(c => c.HasCompleted).SelectMany(c => c.Images)).ToHashSet();
        return [.. NamesIn(after.Template, policy).Where(i => !known.Contains(i)).Distinct()];
    }

    private static IEnumerable<string> NamesIn(PodTemplate template, SafeguardPolicy policy) =>
        policy.ImagesOf(template).Select(i => i.Reference.Text);

    /// <summary>
    /// All requesters and named authors of the revision. Where images are approved, also those of every revision that brought one of the
    /// new images. Of these revisions, only the first may name authors for other requesters: the others came after it.
    /// </summary>
    private static HashSet<string> Excluded(EvaluatedRequest evaluated, IReadOnlyList<string> newImages, ClusterSnapshot cluster)
    {
        var brought = cluster.Changes.Where(c => c.Images.Any(newImages.Contains)).OrderBy(c => c.FirstRequestedAt).ToList();
        var requester = evaluated.Request.Requester.Username;
        var claims = brought
            .Take(1)
            .SelectMany(c => c.EvidenceFor([requester]))
            .Concat(brought.SelectMany(c => c.Evidence.Where(e => e.By == requester)));
        // User names are compared as written; authors are claims, in which a capital letter must not make a difference.
        return
        [
            .. evaluated.Requesters,
            .. brought.SelectMany(c => c.Requesters),
            .. Known(evaluated.Origin.Authors.Concat(OriginReader.AuthorsIn(claims)), cluster.Approvals),
        ];
    }

    /// <summary>The approvers that are named as authors, with any casing.</summary>
    private static IEnumerable<string> Known(IEnumerable<string> authors, IEnumerable<Approval> approvals)
    {
        var names = authors.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return approvals.Select(a => a.Approver.Username).Where(names.Contains);
    }
}
