using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core;

/// <summary>All that was found in a request, by all safeguards under all policies. Whether it passes is derived, never stored.</summary>
public sealed record Verdict
{
    public required Change Change { get; init; }

    public required IReadOnlyList<JudgedFinding> Findings { get; init; }

    public bool IsAllowed => !Denials.Any();

    public IEnumerable<JudgedFinding> Denials => Findings.Where(f => f.Mode is Mode.Enforce);

    public IEnumerable<JudgedFinding> Warnings => Findings.Where(f => f.Mode is Mode.Warn);
}
