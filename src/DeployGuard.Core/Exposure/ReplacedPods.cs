namespace DeployGuard.Core.Exposure;

/// <summary>The proven pods of a pool whose place unproven ones would take.</summary>
/// <param name="Now">The proven pods that are desired now.</param>
/// <param name="Most">The most there were within <c>coldAfter</c>; at least <paramref name="Now"/>.</param>
/// <param name="At">When there were last <paramref name="Most"/>; the present time if there still are.</param>
/// <param name="LastAt">When the last proven pod served, of whatever revision; not before <paramref name="At"/>.</param>
internal sealed record ReplacedPods(int Now, int Most, DateTimeOffset At, DateTimeOffset LastAt);
