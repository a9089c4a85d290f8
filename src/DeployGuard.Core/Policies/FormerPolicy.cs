namespace DeployGuard.Core.Policies;

/// <summary>A policy of the same name as a new one, whose file may be the same.</summary>
/// <param name="DeletedAgo">How long ago it was deleted; null if its deletion is not seen yet.</param>
public sealed record FormerPolicy(Mode Mode, TimeSpan? DeletedAgo);
