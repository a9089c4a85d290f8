namespace DeployGuard.Core.Comparison;

/// <summary>
/// One field in which two pod templates differ. Its texts are safe to print: they contain no control or invisible characters.
/// </summary>
/// <param name="Path">Such as <c>spec.containers[web].args</c>.</param>
/// <param name="Before">The lines of the old value; null if the field is new.</param>
/// <param name="After">The lines of the new value; null if the field was removed.</param>
public sealed record Difference(string Path, Section Section, IReadOnlyList<string>? Before, IReadOnlyList<string>? After);
