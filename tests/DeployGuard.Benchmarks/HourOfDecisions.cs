using System.Globalization;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>The resident memory of the published webhook while it decides for an hour.</summary>
internal static class HourOfDecisions
{
    private const int PerSecond = 50;
    private const int Connections = 8;

    /// <summary>How much is compared at the beginning and at the end.</summary>
    private const int ComparedMinutes = 10;

    /// <param name="webhook">The published program.</param>
    public static async Task<Section> RunAsync(string webhook, string folder, int minutes)
    {
        var machine = ThisMachine.Read();
        var tls = TlsPair.WriteTo(folder);
        var review = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var cluster = new GeneratedCluster(review, 1000);
        await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
        using var replica = await Replica.StartAsync(webhook, api, tls, new Dictionary<string, string>());
        using var reviewer = new Reviewer(replica.Address, tls, Connections);
        var reviews = cluster.SomeRefused();
        var resident = new List<double>();
        for (var minute = 0; minute < minutes; minute++)
        {
            var until = Task.Delay(TimeSpan.FromMinutes(1));
            await reviewer.SendAsync(reviews, PerSecond * 60);
            await until;
            resident.Add(replica.Resident);
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"minute {minute + 1}: {resident[^1]:0.0} MB"));
        }

        var compared = Math.Min(ComparedMinutes, Math.Max(1, minutes / 2));
        var (first, last) = (Figure.Absolute("MB", resident[..compared]), Figure.Absolute("MB", resident[^compared..]));
        return new Section(
            "hour",
            $"The published webhook with 1,000 workloads and 3,000 pods for {minutes} minutes, {PerSecond * 60:#,0} reviews in each over TLS, one "
                + $"of {GeneratedCluster.RefusedOf} refused: resident memory at the end of every minute.",
            TimeProvider.System.GetUtcNow(),
            machine,
            [
                new Row(
                    $"resident memory, {minutes} minutes",
                    new Dictionary<string, Figure>
                    {
                        [$"MB, first {compared} minutes"] = first,
                        [$"MB, last {compared} minutes"] = last,
                        ["last to first"] = Figure.Lower("ratio", [last.Median / first.Median]),
                        ["MB at most"] = Figure.Absolute("MB", [replica.Peak]),
                    }
                ),
            ]
        );
    }
}
