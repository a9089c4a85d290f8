namespace DeployGuard.Core.Changes;

/// <summary>A canary step that a revision has held.</summary>
/// <param name="Pool"><see cref="Pool.Name"/> of the pool that it served.</param>
/// <param name="Percent">The highest step held.</param>
public sealed record CompletedStep(string Policy, string Pool, int Percent, DateTimeOffset At);
