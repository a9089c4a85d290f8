namespace DeployGuard.Cli.Views;

/// <summary>Prints columns as kubectl does.</summary>
internal static class Table
{
    public static string Of(string[] header, IEnumerable<string[]> rows)
    {
        List<string[]> all = [header, .. rows];
        var widths = header.Select((_, column) => all.Max(row => row[column].Length)).ToList();
        return string.Join(
            '\n',
            all.Select(row => string.Join("   ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd())
        );
    }

    /// <summary><c>5s</c>, <c>3m</c>, <c>7h</c>, <c>12d</c>.</summary>
    public static string Age(TimeSpan age) =>
        age switch
        {
            { TotalMinutes: < 2 } => $"{Math.Max(0, (int)age.TotalSeconds)}s",
            { TotalHours: < 2 } => $"{(int)age.TotalMinutes}m",
            { TotalDays: < 2 } => $"{(int)age.TotalHours}h",
            _ => $"{(int)age.TotalDays}d",
        };
}
