using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Evaluation;

/// <summary>One violation of a rule, found by a safeguard in a request.</summary>
/// <param name="Cause">Its entry in the catalogue.</param>
/// <param name="Path">JSON path of the field; empty for the request as a whole.</param>
/// <param name="Message">What is wrong, for the requester; no full stop at the end.</param>
/// <param name="Remedy">The command or edit that fixes it, verb first; no full stop at the end.</param>
public sealed record Finding(Reason Cause, string Path, string Message, string Remedy)
{
    /// <summary>A stable code: <c>ApprovalMissing</c>.</summary>
    public string Reason => Cause.Code;

    public Fix Fix { get; init; } = Cause.Fix;

    /// <summary>The remedy is said before the message: it is a command, and the message a long explanation.</summary>
    public bool RemedyFirst { get; init; }

    /// <summary>What is missing, in a few words: <c>senior-engineers 0/1</c>; null if the reason code says it all.</summary>
    public string? Missing { get; init; }

    /// <summary>The veto that it reports; null if it reports none.</summary>
    public Rejection? Rejection { get; init; }
}

/// <summary>A finding with its policy, the mode of that policy for this request, and the safeguard that found it.</summary>
public sealed record Violation(string Policy, Mode Mode, string Safeguard, Finding Finding)
{
    /// <summary>Why it does not refuse the request; null if nothing waives it.</summary>
    public Waiver? Waiver { get; init; }

    /// <summary><see cref="ISafeguard.LimitsExposure"/> of its safeguard.</summary>
    public bool LimitsExposure { get; init; }

    /// <summary><see cref="ISafeguard.IsWaivable"/> of its safeguard; false for findings of the evaluator itself.</summary>
    public bool IsWaivable { get; init; }

    /// <summary>It alone is enough to refuse the request.</summary>
    public bool IsDenial => Mode is Mode.Enforce && Waiver is null;
}

/// <summary>Why an enforced finding does not refuse the request. Closed: a BreakGlass, or an exempt identity of the policy.</summary>
/// <param name="BreakGlass">The BreakGlass that was used; null for an exempt identity.</param>
public sealed record Waiver(Approvals.BreakGlass? BreakGlass)
{
    public static readonly Waiver ExemptIdentity = new((Approvals.BreakGlass?)null);

    /// <summary>As records and metrics name it.</summary>
    public string Name => BreakGlass is null ? "exempt identity" : $"break-glass {BreakGlass.Name}";
}
