using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Evaluation;

/// <summary>One thing that a safeguard found in a request.</summary>
/// <param name="Cause">Its entry in the catalogue.</param>
/// <param name="Path">JSON path of the field it is about; empty if it is about the request as a whole.</param>
/// <param name="Message">What is wrong, in the words of the person whose deploy is refused.</param>
/// <param name="Remedy">The command or edit that helps.</param>
public sealed record Finding(Reason Cause, string Path, string Message, string Remedy)
{
    /// <summary>A stable code: <c>ApprovalMissing</c>.</summary>
    public string Reason => Cause.Code;

    /// <summary>What is missing, in a few words, where more than the reason can be said in so few: <c>senior-engineers 0/1</c>.</summary>
    public string? Missing { get; init; }
}

/// <summary>A finding, with the policy under which it was made, how that policy is to be applied, and the safeguard that made it.</summary>
public sealed record Violation(string Policy, Mode Mode, string Safeguard, Finding Finding)
{
    /// <summary>What lets it pass all the same; null where nothing does.</summary>
    public Waiver? Waiver { get; init; }

    /// <summary>It alone is enough to refuse the request.</summary>
    public bool IsDenial => Mode is Mode.Enforce && Waiver is null;
}

/// <summary>Why an enforced finding does not refuse. Closed: a BreakGlass, or a place in the policy's list of exempt identities.</summary>
/// <param name="BreakGlass">The BreakGlass that was used; null for an exempt identity.</param>
public sealed record Waiver(Approvals.BreakGlass? BreakGlass)
{
    public static readonly Waiver ExemptIdentity = new((Approvals.BreakGlass?)null);

    /// <summary>As records and metrics name it.</summary>
    public string Name => BreakGlass is null ? "exempt identity" : $"break-glass {BreakGlass.Name}";
}
