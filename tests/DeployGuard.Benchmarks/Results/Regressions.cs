using System.Globalization;

namespace DeployGuard.Benchmarks.Results;

/// <summary>
/// Compares a run with a baseline. Only figures that are the same on every machine are compared: ratios of one run, and bytes. A figure is
/// worse if the medians are farther apart than both spreads together, and than what two processes of the same program differ by, which
/// the rounds of one process do not show.
/// </summary>
internal static class Regressions
{
    /// <summary>Of the baseline's median: two runs of the same program, with other layouts of code and data.</summary>
    private const double BetweenRuns = 0.1;

    /// <summary>Bytes do not depend on what else runs.</summary>
    private const double BetweenRunsOfBytes = 0.01;

    /// <summary>A line for each figure that is worse than the baseline, and for each that it has and the run has not.</summary>
    public static IReadOnlyList<string> Of(BenchResults run, BenchResults baseline) =>
        [
            .. from section in baseline.Sections
            from row in section.Rows
            from figure in row.Figures
            where figure.Value.Compared is not Compared.No
            let now = Find(run, section.Name, row.Name, figure.Key)
            let name = $"{section.Name}: {row.Name}: {figure.Key}"
            where now is null || IsWorse(now, figure.Value)
            select now is null ? $"{name}: was not measured" : $"{name}: {Text(now)}, in the baseline {Text(figure.Value)}",
        ];

    /// <summary>How many figures of both are compared.</summary>
    public static int Count(BenchResults baseline) =>
        baseline.Sections.Sum(s => s.Rows.Sum(r => r.Figures.Values.Count(f => f.Compared is not Compared.No)));

    public static bool IsWorse(Figure now, Figure baseline)
    {
        var worse = baseline.Compared is Compared.HigherIsBetter ? baseline.Median - now.Median : now.Median - baseline.Median;
        return worse > Noise(now, baseline);
    }

    /// <summary>By how much the medians may differ.</summary>
    private static double Noise(Figure now, Figure baseline) =>
        Math.Max(now.Spread + baseline.Spread, baseline.Median * (baseline.Unit == "bytes" ? BetweenRunsOfBytes : BetweenRuns));

    private static Figure? Find(BenchResults run, string section, string row, string figure) =>
        run.Sections.FirstOrDefault(s => s.Name == section)?.Rows.FirstOrDefault(r => r.Name == row)?.Figures.GetValueOrDefault(figure);

    private static string Text(Figure figure) =>
        string.Create(CultureInfo.InvariantCulture, $"{figure.Median:#,0.00} ±{figure.Spread:0.00}");
}
