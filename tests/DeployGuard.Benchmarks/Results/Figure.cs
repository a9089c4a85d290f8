using System.Text.Json.Serialization;

namespace DeployGuard.Benchmarks.Results;

/// <summary>One measured figure, with what each round measured.</summary>
/// <param name="Unit"><c>µs</c>, <c>bytes</c>, <c>ratio</c>; only for readers.</param>
/// <param name="Compared">Whether a run is compared with a baseline by it. Times are not: machines differ.</param>
internal sealed record Figure(string Unit, Compared Compared, IReadOnlyList<double> Rounds)
{
    [JsonIgnore]
    public double Median => Rounds.Order().ElementAt(Rounds.Count / 2);

    /// <summary>Half of the distance between the lowest and the highest round.</summary>
    [JsonIgnore]
    public double Spread => (Rounds.Max() - Rounds.Min()) / 2;

    /// <summary>A figure that depends on the machine, and is not compared.</summary>
    public static Figure Absolute(string unit, IReadOnlyList<double> rounds) => new(unit, Compared.No, rounds);

    /// <summary>The same on every machine, such as allocated bytes.</summary>
    public static Figure Lower(string unit, IReadOnlyList<double> rounds) => new(unit, Compared.LowerIsBetter, rounds);

    /// <summary>Each round divided by the same round of another figure: what disturbs the machine disturbs both.</summary>
    public Figure RatioTo(Figure other, Compared compared = Compared.LowerIsBetter) =>
        Rounds.Count == other.Rounds.Count
            ? new("ratio", compared, [.. Rounds.Zip(other.Rounds, (mine, theirs) => mine / theirs)])
            : throw new ArgumentException($"{Rounds.Count} rounds and {other.Rounds.Count} rounds cannot be compared", nameof(other));
}

internal enum Compared
{
    No,
    LowerIsBetter,
    HigherIsBetter,
}
