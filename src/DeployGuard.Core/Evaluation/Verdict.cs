using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Evaluation;

/// <summary>All that was found in a request, by all safeguards under all policies. Whether it passes is derived, never stored.</summary>
public sealed record Verdict
{
    private readonly Lazy<IReadOnlyList<PendingExposure>> _reached = new([]);

    public required EvaluatedRequest Evaluated { get; init; }

    /// <summary>The policies that match the request, active now.</summary>
    public IReadOnlyList<SafeguardPolicy> Policies { get; init; } = [];

    public IReadOnlyList<Violation> Findings { get; init; } = [];

    /// <summary>The approvals and vetoes of exactly this revision that were seen, whether they count or not.</summary>
    public IReadOnlyList<Approvals.Approval> Approvals { get; init; } = [];

    /// <summary>What whoever asks should know of a request that passes: no finding, counted nowhere.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What the request is let have under Enforce, and others must know of before it is let in: unproven pods that it raises, a Service that it turns, more pods that raise nothing.</summary>
    public IReadOnlyList<PendingExposure> Reached => _reached.Value;

    /// <summary>The same, put together when it is first asked for: most requests never do.</summary>
    public Func<IReadOnlyList<PendingExposure>> ReachedWhenAsked
    {
        init => _reached = new Lazy<IReadOnlyList<PendingExposure>>(value);
    }

    public bool IsAllowed => !Denials.Any();

    /// <summary>Refused for want of room alone: it says nothing about the change.</summary>
    public bool IsOverloaded => Denials.Any(d => d.Finding.Cause == Reasons.Overloaded);

    /// <summary>Refused because nobody could judge it in time: it says nothing about the change, nor about who asks.</summary>
    public bool IsUndecided => Denials.Any(d => d.Finding.Cause == Reasons.EvaluationIncomplete || d.Finding.Cause == Reasons.Overloaded);

    public IEnumerable<Violation> Denials => Findings.Where(f => f.IsDenial);

    /// <summary>What was found, is enforced, and was let through all the same.</summary>
    public IEnumerable<Violation> Waived => Findings.Where(f => f.Waiver is not null);

    public IEnumerable<Violation> Warnings => Findings.Where(f => f.Mode is Mode.Warn);

    /// <summary>A new revision where an Enforce policy matches: on record before it is let in.</summary>
    public bool IsGated => Evaluated.ChangeType is ChangeType.NewRevision && Policies.Any(p => p.Mode is Mode.Enforce);

    /// <summary>It was refused, and an approval would cure at least part of it.</summary>
    public bool AwaitsApproval => Evaluated.ApproveBy is not ApproveBy.NothingEver && Denials.Any(d => d.Finding.Cause == Reasons.ApprovalMissing || d.Finding.Cause == Reasons.ApprovalRejected);
}
