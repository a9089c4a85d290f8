namespace DeployGuard.Core.Comparison;

/// <summary>Formats differences for an approver, block by block, with every value in full.</summary>
public static class DifferencePage
{
    /// <summary>The lines of the page, with a title for each block.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<Difference> differences) =>
        differences
            .GroupBy(d => Sections.BlockOf(d.Section))
            .OrderBy(block => block.Key)
            .SelectMany(block => (string[])[Sections.TitleOf(block.Key), .. Of(block)]);

    /// <summary>The lines without titles, for a short list.</summary>
    public static IEnumerable<string> Of(IEnumerable<Difference> differences) => differences.SelectMany(Lines);

    /// <summary>The lines of fields that stay as they are.</summary>
    public static IEnumerable<string> Kept(IEnumerable<Difference> fields) => fields.SelectMany(f => Whole(' ', f.Path, f.After ?? []));

    private static IEnumerable<string> Lines(Difference difference) =>
        (difference.Before, difference.After) switch
        {
            (null, { } after) => Whole('+', difference.Path, after),
            ({ } before, null) => Whole('-', difference.Path, before),
            ({ } before, { } after) => [$"  ~ {difference.Path}", .. LineDifference.Between(before, after).Select(l => $"      {l}")],
            _ => throw new InvalidOperationException($"{difference.Path} is on neither side"),
        };

    private static IEnumerable<string> Whole(char sign, string path, IReadOnlyList<string> lines) =>
        lines is [var only] && !only.StartsWith("* ", StringComparison.Ordinal)
            ? [$"  {sign} {path}: {only}"]
            : [$"  {sign} {path}:", .. lines.Select(l => $"      {sign} {l}")];
}
