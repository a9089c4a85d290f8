namespace DeployGuard.Core.Changes;

/// <summary>A step that a revision was seen to hold.</summary>
/// <param name="Pool">Whose users it served: <see cref="Pool.Name"/>.</param>
/// <param name="Percent">The highest step held.</param>
public sealed record CompletedStep(string Policy, string Pool, int Percent, DateTimeOffset At);
