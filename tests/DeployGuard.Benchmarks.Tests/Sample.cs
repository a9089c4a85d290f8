using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks.Tests;

/// <summary>Results with one figure.</summary>
internal static class Sample
{
    public const string Column = "p50: ratio";

    public static Figure Ratio(params double[] rounds) => new("ratio", Compared.LowerIsBetter, rounds);

    public static Figure Rate(params double[] rounds) => new("ratio", Compared.HigherIsBetter, rounds);

    public static BenchResults Of(Figure figure, string row = "1,000 policies", string section = "growth") =>
        BenchResults.None.With(SectionOf(figure, row, section));

    public static Section SectionOf(Figure figure, string row = "1,000 policies", string section = "growth") =>
        new(
            section,
            "One decision in process.",
            new DateTimeOffset(2026, 11, 28, 12, 0, 0, TimeSpan.Zero),
            new MachineFacts("A processor", 4, 16, "An operating system", ".NET 10", 0.5),
            [new Row(row, new Dictionary<string, Figure> { [Column] = figure })]
        );
}
