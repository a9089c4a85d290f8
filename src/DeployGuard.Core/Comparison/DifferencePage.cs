namespace DeployGuard.Core.Comparison;

/// <summary>Formats differences for an approver, block by block, with every new value in full.</summary>
public static class DifferencePage
{
    /// <summary>Fields that a summary names.</summary>
    private const int MaxNamed = 8;

    /// <summary>The lines of the page, with a title for each block.</summary>
    /// <param name="isFull">Also the unchanged lines of a value that are far from every change.</param>
    public static IEnumerable<string> Of(IReadOnlyList<Difference> differences, bool isFull = false) =>
        differences
            .GroupBy(d => Sections.BlockOf(d.Section))
            .OrderBy(block => block.Key)
            .SelectMany(block => (string[])[Sections.TitleOf(block.Key), .. WithoutTitles(block, isFull)]);

    /// <summary>The lines without titles, for a short list.</summary>
    public static IEnumerable<string> WithoutTitles(IEnumerable<Difference> differences, bool isFull = false) =>
        differences.SelectMany(d => Lines(d, isFull));

    /// <summary>The lines of fields that stay as they are.</summary>
    public static IEnumerable<string> Kept(IEnumerable<Difference> fields) => fields.SelectMany(f => Whole(' ', f.Path, f.After ?? []));

    /// <summary>
    /// The fields on one line, in the order of the page: <c>spec.hostPID, spec.containers[web].args (2 of 402 lines)</c>.
    /// </summary>
    public static string Summary(IReadOnlyList<Difference> differences)
    {
        var named = differences
            .OrderBy(d => Sections.BlockOf(d.Section))
            .Take(MaxNamed)
            .Select(d => d.Path + (CountOf(d) is { Length: > 0 } count ? $" ({count})" : ""));
        var more = differences.Count - MaxNamed;
        return string.Join(", ", named) + (more > 0 ? $" and {more} more" : "");
    }

    private static string CountOf(Difference difference) =>
        difference is { Before: { } before, After: { } after } ? LineDifference.CountOf(LineDifference.Between(before, after)) : "";

    private static IEnumerable<string> Lines(Difference difference, bool isFull) =>
        (difference.Before, difference.After) switch
        {
            (null, { } after) => Whole('+', difference.Path, after),
            ({ } before, null) => Whole('-', difference.Path, before),
            ({ } before, { } after) => Changed(difference.Path, LineDifference.Between(before, after), isFull),
            _ => throw new InvalidOperationException($"{difference.Path} is on neither side"),
        };

    private static IEnumerable<string> Changed(string path, IReadOnlyList<string> lines, bool isFull)
    {
        var count = LineDifference.CountOf(lines);
        return
        [
            $"  ~ {path}{(count.Length > 0 ? $" ({count} {(count.StartsWith("1 ", StringComparison.Ordinal) ? "differs" : "differ")})" : "")}",
            .. (isFull ? lines : LineDifference.Fold(lines)).Select(l => $"      {l}"),
        ];
    }

    private static IEnumerable<string> Whole(char sign, string path, IReadOnlyList<string> lines) =>
        lines is [var only] && !only.StartsWith("* ", StringComparison.Ordinal)
            ? [$"  {sign} {path}: {only}"]
            : [$"  {sign} {path}:", .. lines.Select(l => $"      {sign} {l}")];
}
