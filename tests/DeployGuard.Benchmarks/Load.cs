using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>The results of wrk in one round, and what the server spent on it.</summary>
/// <param name="PerSecond">Answers per second.</param>
/// <param name="P50">Milliseconds.</param>
/// <param name="P99">Milliseconds.</param>
/// <param name="Cpu">Microseconds of processor time of the server for each answer. Other programs on the machine disturb it least.</param>
internal sealed record Load(double PerSecond, double P50, double P99, double Cpu)
{
    public static Figure FigureOf(string unit, IEnumerable<Load> rounds, Func<Load, double> figure) =>
        Figure.Absolute(unit, [.. rounds.Select(figure)]);

    public static async Task<Load> RunAsync(Server server, string script, int connections, TimeSpan duration)
    {
        var before = server.ProcessorTime;
        var measured = await Wrk.RunAsync(server.Url, script, connections, duration);
        return new Load(
            measured.PerSecond,
            measured.P50,
            measured.P99,
            (server.ProcessorTime - before).TotalMicroseconds / measured.Answers
        );
    }
}
