using System.Globalization;
using System.Text;

namespace DeployGuard.Benchmarks.Results;

/// <summary>Writes the tables of a page between its marks, so that no figure is copied by hand.</summary>
internal static class ReportPage
{
    /// <summary>The page with the sections that were measured. Blocks of other sections stay as they are.</summary>
    /// <exception cref="InvalidDataException">A section has no marks in the page.</exception>
    public static string Fill(string page, BenchResults results) =>
        results.Sections.Aggregate(page, (filled, section) => Fill(filled, section));

    private static string Fill(string page, Section section)
    {
        var (start, end) = ($"<!-- bench {section.Name}: written by make bench-report -->", $"<!-- end of bench {section.Name} -->");
        var (from, to) = (page.IndexOf(start, StringComparison.Ordinal), page.IndexOf(end, StringComparison.Ordinal));
        return from >= 0 && to > from
            ? $"{page[..from]}{start}\n{Block(section)}{page[to..]}"
            : throw new InvalidDataException($"the page has no lines \"{start}\" and \"{end}\": add them where the table belongs");
    }

    /// <summary>The table of one section, with the machine.</summary>
    public static string Block(Section section)
    {
        List<string> columns = [.. section.Rows.SelectMany(r => r.Figures.Keys).Distinct()];
        var block = new StringBuilder();
        block.Append(CultureInfo.InvariantCulture, $"{section.Measured}\n\n");
        block.Append(
            CultureInfo.InvariantCulture,
            $"| | {string.Join(" | ", columns)} |\n|---|{string.Concat(columns.Select(_ => "---|"))}\n"
        );
        foreach (var row in section.Rows)
        {
            block.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {string.Join(" | ", columns.Select(c => Cell(row, c)))} |\n");
        }

        return block.Append(CultureInfo.InvariantCulture, $"\n{Origin(section)}\n").ToString();
    }

    private static string Origin(Section section)
    {
        var machine = section.Machine;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"*{section.At:yyyy-MM-dd}, {machine.Processor}, {machine.Cores} cores, {machine.MemoryGigabytes:0} GB, {machine.System}, {machine.Runtime}, load average {machine.LoadAverage:0.0} before it. Medians, ± half of the distance between the lowest and the highest round.*"
        );
    }

    private static string Cell(Row row, string column)
    {
        if (!row.Figures.TryGetValue(column, out var figure))
        {
            return "";
        }

        var format =
            figure.Unit == "ratio" ? "0.00"
            : figure.Median >= 100 ? "#,0"
            : figure.Median >= 10 ? "0.0"
            : "0.00";
        var (median, spread) = (
            figure.Median.ToString(format, CultureInfo.InvariantCulture),
            figure.Spread.ToString(format, CultureInfo.InvariantCulture)
        );
        return spread.Any(c => c is >= '1' and <= '9') ? $"{median} ±{spread}" : median;
    }
}
