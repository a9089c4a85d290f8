namespace DeployGuard.Benchmarks.Results;

/// <summary>The answer of <c>bench compare</c>.</summary>
internal static class Baseline
{
    /// <returns>The exit code: 1 if a figure is worse than the baseline beyond noise.</returns>
    public static int Compare(BenchResults run, BenchResults baseline, TextWriter output)
    {
        var worse = Regressions.Of(run, baseline);
        foreach (var line in worse)
        {
            output.WriteLine($"WORSE {line}");
        }

        output.WriteLine($"{Regressions.Count(baseline)} figures of the baseline compared, {worse.Count} worse beyond noise");
        return worse.Count == 0 ? 0 : 1;
    }
}
