namespace DeployGuard.Core.Evaluation;

/// <summary>Why a request was refused: a stable code that alerts and scripts may rely on, and its explanation.</summary>
/// <param name="Code">As in messages, metrics and records: <c>ApprovalMissing</c>.</param>
/// <param name="FoundBy">The safeguard, or the part of DeployGuard, that finds it.</param>
/// <param name="Meaning">What happened, in one or two sentences.</param>
/// <param name="FixedBy">The role that can fix it.</param>
/// <param name="Remedy">What they do; verb first.</param>
/// <param name="Fix">What fixes most of its findings; <see cref="Finding.Fix"/> is the one of a finding.</param>
public sealed record Reason(string Code, string FoundBy, string Meaning, string FixedBy, string Remedy, Fix Fix);
