using DeployGuard.Core.Comparison;

namespace DeployGuard.Cli.Attest;

/// <summary>A sign that an AI took part in a commit.</summary>
/// <param name="Kind"><c>trailer</c>, <c>author</c>, <c>note</c>, <c>trace</c> or <c>declared</c>.</param>
/// <param name="Tool">Such as <c>claude-code</c>.</param>
/// <param name="Value">What was found, on one line.</param>
internal sealed record Sign(string Commit, string Kind, string Tool, string Value)
{
    /// <summary>In characters. What was found is stored and shown.</summary>
    private const int MaxValue = 200;

    public static Sign Of(string commit, string kind, string tool, string found) =>
        new(commit, kind, Shortened(tool.ToLowerInvariant()), Shortened(found));

    private static string Shortened(string text)
    {
        var visible = VisibleText.Inline(text);
        return visible.Length <= MaxValue ? visible
            : char.IsHighSurrogate(visible[MaxValue - 1]) ? visible[..(MaxValue - 1)]
            : visible[..MaxValue];
    }
}
