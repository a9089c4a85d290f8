using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>The first answers of a replica after it is ready, beside those of the same replica once it is warm.</summary>
internal sealed class ColdStart(string webhook, string folder)
{
    private const int First = 200;
    private const int WarmUp = 10_000;
    private const int WarmUpRefused = 1500;
    private const int Steady = 1000;
    private const int Connections = 8;
    private const int Workloads = 1000;

    /// <param name="settings">Environments to compare; the first is none.</param>
    public async Task<Section> RunAsync(IReadOnlyList<IReadOnlyDictionary<string, string>> settings, int rounds)
    {
        var machine = ThisMachine.Read();
        var tls = TlsPair.WriteTo(folder);
        var review = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var cluster = new GeneratedCluster(review, Workloads);
        await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
        // The client must be warm, or its own start would be measured.
        using (var own = new Reviewer(api.Address, tls, Connections))
        {
            await own.SendAsync(cluster.Unchanged(), WarmUp);
        }

        var rows = new List<Row>();
        foreach (var variables in settings)
        {
            rows.Add(await MeasureAsync("allowed", cluster.Unchanged(), api, tls, variables, rounds));
            rows.Add(await MeasureAsync("refused", cluster.NewRevision(), api, tls, variables, rounds));
        }

        return new Section(
            "cold",
            $"The first {First} answers of a replica after it is ready, over {Connections} connections that are open, {Workloads:#,0} workloads; "
                + $"steady are {Steady:#,0} answers of the same process after {WarmUp:#,0} allowed or {WarmUpRefused:#,0} refused reviews. "
                + $"Rounds: {rounds}.",
            TimeProvider.System.GetUtcNow(),
            machine,
            rows
        );
    }

    private async Task<Row> MeasureAsync(
        string name,
        IReadOnlyList<VariedReview> reviews,
        SimulatedApi api,
        TlsPair tls,
        IReadOnlyDictionary<string, string> variables,
        int rounds
    )
    {
        var (ready, firsts, steadies) = (new List<double>(), new List<IReadOnlyList<double>>(), new List<IReadOnlyList<double>>());
        for (var round = 0; round < rounds; round++)
        {
            using var replica = await Replica.StartAsync(webhook, api, tls, variables);
            using var reviewer = new Reviewer(replica.Address, tls, Connections);
            await reviewer.ConnectAsync("/livez");
            ready.Add(replica.Ready.TotalSeconds);
            firsts.Add(await reviewer.SendAsync(reviews, First));
            await reviewer.SendAsync(reviews, name == "refused" ? WarmUpRefused : WarmUp);
            steadies.Add(await reviewer.SendAsync(reviews, Steady));
        }

        Figure Percentile(List<IReadOnlyList<double>> of, double share) =>
            Figure.Absolute("ms", [.. of.Select(times => Reviewer.Percentile(times, share))]);
        var (first, steady) = (Percentile(firsts, 0.99), Percentile(steadies, 0.99));
        return new Row(
            Replicas.Named(name, variables),
            new Dictionary<string, Figure>
            {
                ["ready s"] = Figure.Absolute("s", ready),
                ["slowest ms"] = Figure.Absolute("ms", [.. firsts.Select(times => times.Max())]),
                ["p50 ms"] = Percentile(firsts, 0.5),
                ["p99 ms"] = first,
                ["steady p50 ms"] = Percentile(steadies, 0.5),
                ["steady p99 ms"] = steady,
                ["p99: ratio to the steady one"] = first.RatioTo(steady),
            }
        );
    }
}
