using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Records;

/// <summary>
/// Whether a ChangeApproval may be made. What could never count is refused now, with the reason, rather than found out at the next
/// deploy.
/// </summary>
/// <param name="Approval">As it would be stored, stamped with who makes it.</param>
/// <param name="Who">Who asks, as the API server authenticated him.</param>
/// <param name="Recorded">The Change it is about; null if it is made ahead.</param>
/// <param name="Policies">The policies of the namespace.</param>
public sealed record NewApproval(Approval Approval, Requester Who, Change? Recorded, IReadOnlyList<SafeguardPolicy> Policies)
{
    private IReadOnlyList<ApprovalRules> Rules => [.. Policies.Select(p => p.Approval).OfType<ApprovalRules>()];

    public Refusal? Refuse(WorkloadKinds kinds, DateTimeOffset now) => (this with { Policies = Binding(now) }).RefuseUnder(kinds, now);

    /// <summary>Those that enforce approvals now, if there are any: one that only looks on must not keep a vote from counting under these.</summary>
    private IReadOnlyList<SafeguardPolicy> Binding(DateTimeOffset now)
    {
        var enforced = Policies.Where(p => p is { Mode: Mode.Enforce, Approval: not null } && p.Active.Contains(now)).ToList();
        return enforced.Count > 0 ? enforced : Policies;
    }

    private Refusal? RefuseUnder(WorkloadKinds kinds, DateTimeOffset now) =>
        RecordRules.RefuseStamp("spec.approver", Approval.Approver, Who)
            ?? RecordLimits.Refuse(Approval)
            ?? RefuseSubject(kinds)
            ?? (Approval.ExpiresAt <= now ? new Refusal(Reasons.ExpiryInvalid, $"spec.expiresAt {Approval.ExpiresAt:u} has passed") : null)
            ?? (Approval.Decision is Decision.Approve ? RefuseApprove() : RefuseReject());

    private Refusal? RefuseSubject(WorkloadKinds kinds)
    {
        var (group, kind) = (Approval.Workload.ApiGroup, Approval.Workload.Kind);
        if (kinds.TemplatePath(group, kind) is null)
        {
            return Nothing($"spec.workload: {(group.Length == 0 ? "the core group" : $"group {group}")} has no kind {kind} that is guarded; there are {string.Join(", ", kinds.Names)}");
        }

        return Approval is { TemplateHash: null, Images.Count: 0 } ? Nothing("it names neither spec.templateHash nor spec.images") : null;
    }

    private Refusal? RefuseApprove()
    {
        if (Who.IsMachine || Rules.Any(r => r.Bots.Contains(Who.Username)))
        {
            return new Refusal(Reasons.MachineIdentity, $"{Who.Username} is {(Who.IsMachine ? "a machine" : "listed as a bot")}; only people approve");
        }

        if (Recorded is not null && IsTheirOwn(Recorded) is { } own)
        {
            return new Refusal(Reasons.SelfApproval, $"{own}, and nobody approves a change of their own. Ask somebody else of {Groups}");
        }

        if (Recorded is { Phase: Phase.Running or Phase.Completed or Phase.Proven, IsUnreviewed: false, Waits: false })
        {
            return new Refusal(Reasons.AlreadyRunning, $"{Recorded.Name} is {Recorded.Phase} and waits for no approval");
        }

        return RefuseImages()
            ?? (Rules.Count > 0 && !Rules.Any(r => Quorum.IsEligible(r.Quorum, Who.Groups))
                ? new Refusal(Reasons.NotEligible, $"{Who.Username} is in none of the groups that approve here: {Groups}")
                : null);
    }

    private Refusal? RefuseImages()
    {
        // Beside a template's hash images count only where a policy covers them.
        var counts = Approval.TemplateHash is null || Rules.Any(r => r.Covers is ApprovalCovers.Images);
        var byTag = Approval.Images.FirstOrDefault(i => new ImageReference(i).Digest is null);
        if (byTag is not null && counts && Policies.Any(p => p.Images is { Pin: Pin.Digest }))
        {
            return Nothing($"spec.images: {byTag} is named by tag, and a policy here pins images: give repository@sha256:...");
        }

        return Approval.TemplateHash is null && Rules.Count > 0 && Rules.All(r => r.Covers is ApprovalCovers.Template)
            ? Nothing("spec.templateHash is missing: the policies here want the whole template approved, not images alone")
            : null;
    }

    private Refusal? RefuseReject() => Rules.Count == 0 || Rules.Any(r => Veto.MayCast(Who, r))
        ? null
        : new Refusal(Reasons.NotEligible, $"a veto of {Who.Username} would not count: neither in any of {Groups}, nor listed under approval.monitors");

    private string? IsTheirOwn(Change recorded) =>
        recorded.Requesters.Contains(Who.Username) ? $"{Who.Username} asked for {recorded.Name}"
        : OriginReader.AuthorsIn(recorded.EvidenceFor([])).Contains(Who.Username, StringComparer.OrdinalIgnoreCase) ? $"{Who.Username} is named as an author of {recorded.Name}"
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
