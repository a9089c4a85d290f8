namespace DeployGuard.Core.Comparison;

/// <summary>One field that two pod templates do not share. Its texts are safe to print: nothing in them moves a cursor or hides a line.</summary>
/// <param name="Path">Such as <c>spec.containers[web].args</c>.</param>
/// <param name="Before">The lines of its value; null where the field is new.</param>
/// <param name="After">The lines of its value; null where the field is gone.</param>
public sealed record Difference(string Path, Section Section, IReadOnlyList<string>? Before, IReadOnlyList<string>? After);
