using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Records;

/// <summary>
/// Whether a ChangeApproval may be created. A vote that could never count is refused now, with the reason, and not ignored at the next
/// request.
/// </summary>
/// <param name="Approval">As it would be stored, stamped with its creator.</param>
/// <param name="Who">The authenticated user (userInfo).</param>
/// <param name="Recorded">The Change that it is for; null if there is none yet.</param>
/// <param name="Policies">The policies of the namespace.</param>
/// <param name="Reviewer">Whether the voter may review where no policy that enforces says who may approve.</param>
public sealed record NewApproval(
    Approval Approval,
    Requester Who,
    Change? Recorded,
    IReadOnlyList<SafeguardPolicy> Policies,
    ReviewRight Reviewer
)
{
    /// <summary>Whether requests of the voter for this workload may be missing on record.</summary>
    public bool MayLackRequests { get; init; }

    private IReadOnlyList<ApprovalRules> Rules => [.. Policies.Select(p => p.Approval).OfType<ApprovalRules>()];

    /// <summary>Whether no policy enforces approvals now. A vote can then only be the review of a break-glass.</summary>
    private bool IsReviewOnly { get; init; }

    public Refusal? Refuse(WorkloadKinds kinds, DateTimeOffset now)
    {
        // A Warn or Audit policy must not prevent a vote that counts under those that enforce.
        var enforced = Policies.Where(p => p.EnforcesApproval(now)).ToList();
        return (enforced.Count > 0 ? this with { Policies = enforced } : this with { IsReviewOnly = true }).RefuseUnder(kinds, now);
    }

    private Refusal? RefuseUnder(WorkloadKinds kinds, DateTimeOffset now) =>
        RecordRules.RefuseStamp("spec.approver", Approval.Approver, Who)
        ?? RecordLimits.Refuse(Approval)
        ?? RefuseSubject(kinds)
        ?? (
            Approval.ExpiresAt is { } end && end <= now
                ? new Refusal(Reasons.ExpiryInvalid, $"spec.expiresAt {Rfc3339.Show(end)} has passed")
                : null
        )
        ?? (
            Approval.Decision switch
            {
                Decision.Approve => RefuseApprove(),
                Decision.Reject => RefuseReject(),
                Decision.Withdraw => RefuseWithdraw(),
                _ => throw new InvalidOperationException($"unknown decision {Approval.Decision}"),
            }
        );

    private Refusal? RefuseSubject(WorkloadKinds kinds)
    {
        var (group, kind) = (Approval.Workload.ApiGroup, Approval.Workload.Kind);
        if (kinds.TemplatePath(group, kind) is null)
        {
            return Nothing(
                $"spec.workload: {(group.Length == 0 ? "the core group" : $"group {group}")} has no guarded kind {kind}; "
                    + $"guarded kinds are {string.Join(", ", kinds.Names)}"
            );
        }

        return Approval is { TemplateHash: null, Images.Count: 0 } ? Nothing("it names neither spec.templateHash nor spec.images") : null;
    }

    private Refusal? RefuseApprove()
    {
        if (Who.IsMachine || Rules.Any(r => r.Bots.Contains(Who.Username)))
        {
            return new Refusal(
                Reasons.MachineIdentity,
                $"{Who.Username} is {(Who.IsMachine ? "a machine" : "listed as a bot")}; only people can approve"
            );
        }

        if (Recorded is null && MayLackRequests)
        {
            return new Refusal(
                Reasons.SelfApproval,
                $"{Who.Username} has many requests for {Approval.Workload.KubectlName}, so that not all of them are on record, "
                    + $"and this may be one. Ask another person of {Groups}"
            );
        }

        if (Recorded is not null && IsTheirOwn(Recorded) is { } own)
        {
            return new Refusal(Reasons.SelfApproval, $"{own}; requesters and authors cannot approve. Ask another person of {Groups}");
        }

        if (Recorded is { Phase: Phase.Running or Phase.Completed or Phase.Proven, IsUnreviewed: false, HasOpenRequirements: false })
        {
            return new Refusal(Reasons.AlreadyRunning, $"{Recorded.Name} is {Recorded.Phase} and needs no approval");
        }

        return RefuseImages()
            ?? (
                Rules.Any(r => Quorum.IsEligible(r.Quorum, Who.Groups)) ? null
                : IsReviewOnly ? Reviewer.Refuse(Who, Approval.Workload.Namespace)
                : new Refusal(
                    Reasons.NotEligible,
                    $"{Who.Username} is in none of the approving groups: {Groups}. Ask a member of one, or ask the platform team to name "
                        + "another group in approval.quorum"
                )
            );
    }

    /// <summary>Whether RBAC decides as well who may vote: no policy of the namespace enforces approvals.</summary>
    public static bool NeedsReviewRight(Approval approval, IReadOnlyList<SafeguardPolicy> policies, DateTimeOffset now) =>
        approval.Decision is not Decision.Withdraw && !policies.Any(p => p.EnforcesApproval(now));

    private Refusal? RefuseImages()
    {
        // Besides a template hash, images count only if a policy covers them.
        var counts = Approval.TemplateHash is null || Rules.Any(r => r.Covers is ApprovalCovers.Images);
        var byTag = Approval.Images.FirstOrDefault(i => new ImageReference(i).Digest is null);
        if (byTag is not null && counts && Policies.Any(p => p.Images is { Pin: Pin.Digest }))
        {
            return Nothing($"spec.images: {byTag} is referenced by tag, and a policy here requires digests: use repository@sha256:...");
        }

        return Approval.TemplateHash is null && Rules.Count > 0 && Rules.All(r => r.Covers is ApprovalCovers.Template)
            ? Nothing("spec.templateHash is missing: the policies here require approval of the whole template, not only of images")
            : null;
    }

    private Refusal? RefuseReject() =>
        Rules.Any(r => Veto.MayCast(Who, r)) ? null
        : IsReviewOnly ? Reviewer.Refuse(Who, Approval.Workload.Namespace)
        : new Refusal(
            Reasons.NotEligible,
            $"a veto of {Who.Username} would not count: they are in none of the approving groups ({Groups}), and not listed "
                + "under approval.monitors"
        );

    /// <summary>Only a requester can withdraw a request, and only while it waits.</summary>
    private Refusal? RefuseWithdraw() =>
        Recorded is null ? Nothing("spec.templateHash: no Change on record has this hash, so there is no request to withdraw")
        : !Recorded.Requesters.Contains(Who.Username)
            ? new Refusal(Reasons.NotEligible, $"{Who.Username} did not request {Recorded.Name}; only its requesters can withdraw it")
        : Recorded.Phase is Phase.Pending or Phase.Rejected ? null
        : new Refusal(Reasons.AlreadyRunning, $"{Recorded.Name} is {Recorded.Phase}: there is no waiting request to withdraw");

    private string? IsTheirOwn(Change recorded) =>
        recorded.Requesters.Contains(Who.Username) ? $"{Who.Username} requested {recorded.Name}"
        : OriginReader.AuthorsIn(recorded.EvidenceFor([])).Contains(OriginReader.AsAuthor(Who.Username), StringComparer.OrdinalIgnoreCase)
            ? $"{Who.Username} is named as an author of {recorded.Name}"
        // A BreakGlass may be for a machine, which is the requester then.
        : recorded.BreakGlassUses.Any(u => u.ReviewedBy is null && u.By == Who.Username)
            ? $"{Who.Username} created the BreakGlass that admitted {recorded.Name}, and cannot review it"
        : null;

    private string Groups
    {
        get
        {
            var groups = Rules.SelectMany(r => r.Quorum).SelectMany(l => l.Groups).Distinct().ToList();
            return groups.Count == 0 ? "the approvers" : string.Join(", ", groups);
        }
    }

    private static Refusal Nothing(string message) => new(Reasons.ApprovalEmpty, message);
}
