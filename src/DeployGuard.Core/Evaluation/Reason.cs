namespace DeployGuard.Core.Evaluation;

/// <summary>Why something was refused: a stable code that alerts and scripts may rely on, and what people are told about it.</summary>
/// <param name="Code">As messages, metrics and records name it: <c>ApprovalMissing</c>.</param>
/// <param name="By">The safeguard, or the part of DeployGuard, that finds it.</param>
/// <param name="Meaning">What it means, in a sentence.</param>
/// <param name="Who">Who can fix it.</param>
/// <param name="How">What they do.</param>
public sealed record Reason(string Code, string By, string Meaning, string Who, string How);
