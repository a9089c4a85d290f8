using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace DeployGuard.Benchmarks;

/// <summary>What wrk measured in one round.</summary>
/// <param name="PerSecond">Answers per second.</param>
/// <param name="P50">Milliseconds.</param>
/// <param name="P99">Milliseconds.</param>
internal sealed record Wrk(double Answers, double PerSecond, double P50, double P99)
{
    /// <exception cref="InvalidOperationException">wrk failed, or an answer was not a 200: such a round measures nothing.</exception>
    public static async Task<Wrk> RunAsync(Uri url, string script, int connections, TimeSpan duration)
    {
        var start = new ProcessStartInfo("wrk")
        {
            ArgumentList = { "-t1", $"-c{connections}", $"-d{(int)duration.TotalSeconds}s", "--latency", "-s", script, url.ToString() },
            RedirectStandardOutput = true,
        };
        using var wrk = Process.Start(start) ?? throw new InvalidOperationException("wrk did not start");
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        if (
            wrk.ExitCode != 0
            || output.Contains("Non-2xx", StringComparison.Ordinal)
            || output.Contains("Socket errors", StringComparison.Ordinal)
        )
        {
            throw new InvalidOperationException($"wrk did not measure what it should:\n{output}");
        }

        return new Wrk(
            Number(Find(output, @"(\d+) requests in")),
            Number(Find(output, @"Requests/sec:\s+([\d.]+)")),
            Milliseconds(Find(output, @"50%\s+([\d.]+)(us|ms|s)")),
            Milliseconds(Find(output, @"99%\s+([\d.]+)(us|ms|s)"))
        );
    }

    private static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    private static Match Find(string output, string pattern) =>
        Regex.Match(output, pattern) is { Success: true } match
            ? match
            : throw new InvalidOperationException($"wrk printed no {pattern}:\n{output}");

    private static double Milliseconds(Match match) =>
        Number(match)
        * match.Groups[2].Value switch
        {
            "us" => 0.001,
            "ms" => 1,
            "s" => 1000,
            var unit => throw new InvalidOperationException($"unknown unit {unit}"),
        };
}
