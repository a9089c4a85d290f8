using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Safeguards;

/// <summary>What the requester can do about a finding, and what that changes.</summary>
/// <param name="Text">Verb first; no full stop at the end.</param>
internal sealed record Remedy(string Text, Fix Fix);
