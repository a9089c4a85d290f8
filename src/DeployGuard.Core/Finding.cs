using DeployGuard.Core.Policies;

namespace DeployGuard.Core;

/// <summary>One thing that a safeguard found in a request.</summary>
/// <param name="Reason">A stable code: <c>ApprovalMissing</c>.</param>
/// <param name="Path">JSON path of the field it is about; empty if it is about the request as a whole.</param>
/// <param name="Message">What is wrong, in the words of the person whose deploy is refused.</param>
/// <param name="Remedy">The command or edit that helps.</param>
public sealed record Finding(string Reason, string Path, string Message, string Remedy)
{
    /// <summary>What is missing, in a few words, where more than the reason can be said in so few: <c>senior-engineers 0/1</c>.</summary>
    public string? Missing { get; init; }
}

/// <summary>A finding, with the policy under which it was made, how that policy is to be applied, and the safeguard that made it.</summary>
public sealed record JudgedFinding(string Policy, Mode Mode, string Safeguard, Finding Finding);
