using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>
/// All findings for a request, by all safeguards under all policies. Whether it is allowed is derived from them, never stored.
/// </summary>
public sealed record Verdict
{
    public required EvaluatedRequest Evaluated { get; init; }

    /// <summary>The policies that match the request, active now.</summary>
    public IReadOnlyList<SafeguardPolicy> Policies => Evaluated.Policies;

    public IReadOnlyList<Violation> Findings { get; init; } = [];

    /// <summary>The approvals and vetoes of exactly this revision in the snapshot, whether they count or not.</summary>
    public IReadOnlyList<Approvals.Approval> Approvals { get; init; } = [];

    /// <summary>Notes for the requester of an admitted request. They are no findings, and no metric counts them.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What stands in for something that a policy requires of an admitted new revision; for the record.</summary>
    public IReadOnlyList<string> Basis { get; init; } = [];

    /// <summary>What signed evidence was looked up for it, by policy.</summary>
    public IReadOnlyList<SignedFacts> SignedFacts { get; init; } = [];

    /// <summary>What that evidence says of the revision, by policy.</summary>
    public IReadOnlyList<Approvals.SignedBacking> Backing { get; init; } = [];

    /// <summary>Unproven pods that the request adds under Enforce. Other replicas must know of them before it is admitted.</summary>
    public IReadOnlyList<PendingExposure> Exposes { get; init; } = [];

    public bool IsAllowed => !Denials.Any();

    /// <summary>Refused because of load alone: it says nothing about the change.</summary>
    public bool IsOverloaded => Denials.Any(d => d.Finding.Cause == Reasons.Overloaded);

    /// <summary>Refused because it could not be evaluated in time: it says nothing about the change, nor about the requester.</summary>
    public bool IsUndecided => Denials.Any(d => d.Finding.Cause == Reasons.EvaluationIncomplete || d.Finding.Cause == Reasons.Overloaded);

    public IEnumerable<Violation> Denials => Findings.Count == 0 ? [] : Findings.Where(f => f.IsDenial);

    /// <summary>Enforced findings that did not refuse the request.</summary>
    public IEnumerable<Violation> Waived => Findings.Count == 0 ? [] : Findings.Where(f => f.Waiver is not null);

    public IEnumerable<Violation> Warnings => Findings.Count == 0 ? [] : Findings.Where(f => f.Mode is Mode.Warn);

    /// <summary>A new revision where an Enforce policy matches: its Change is written before it is admitted.</summary>
    public bool IsGated => Evaluated.ChangeType is ChangeType.NewRevision && Policies.Any(p => p.Mode is Mode.Enforce);

    /// <summary>It was refused, and passes only with another template: an approval of this revision would be lost.</summary>
    public bool NeedsAnotherTemplate => Denials.Any(d => d.Finding.Fix is Fix.Template);

    /// <summary>It was refused, and the rejection of an approver stands.</summary>
    public bool IsRejected => Denials.Any(d => d.Finding.Cause == Reasons.ApprovalRejected);

    /// <summary>It was refused, and an approval alone does not make the same request pass.</summary>
    public bool NeedsMoreThanApproval => Denials.Any(d => d.Finding.Fix is not Fix.Approval);

    /// <summary>
    /// It was refused as a revision that has a Change: the Change says why, also where no approval is missing. A refusal that says nothing
    /// about the change is left out.
    /// </summary>
    public bool IsRefusedOnRecord =>
        !IsAllowed && IsGated && !IsUndecided && Evaluated is { Recorded: not null, ApproveBy: not ApproveBy.Never };

    /// <summary>It was refused, and an approval would resolve at least part of it.</summary>
    public bool AwaitsApproval =>
        Evaluated.ApproveBy is not ApproveBy.Never
        && Denials.Any(d => d.Finding.Cause == Reasons.ApprovalMissing || d.Finding.Cause == Reasons.ApprovalRejected);
}
