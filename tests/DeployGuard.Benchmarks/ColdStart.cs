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

    public async Task RunAsync(IReadOnlyList<IReadOnlyDictionary<string, string>> settings, int rounds)
    {
        var tls = TlsPair.WriteTo(folder);
        var review = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var cluster = new GeneratedCluster(review, Workloads);
        await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
        // The client must be warm, or its own start would be measured.
        using (var own = new Reviewer(api.Address, tls, Connections))
        {
            await own.SendAsync(cluster.Unchanged(), WarmUp);
        }

        Console.WriteLine(
            $"The first {First} answers after ready, {Connections} connections that are open, {Workloads} workloads; medians of {rounds}."
        );
        Console.WriteLine("answers     ready s  first ms  p50 ms  p99 ms  steady p50  steady p99  ratio of p99");
        foreach (var variables in settings)
        {
            await CompareAsync("allowed", cluster.Unchanged(), api, tls, variables, rounds);
            await CompareAsync("refused", cluster.NewRevision(), api, tls, variables, rounds);
        }
    }

    private async Task CompareAsync(
        string name,
        IReadOnlyList<VariedReview> reviews,
        SimulatedApi api,
        TlsPair tls,
        IReadOnlyDictionary<string, string> variables,
        int rounds
    )
    {
        var runs = new List<double[]>();
        for (var round = 0; round < rounds; round++)
        {
            using var replica = await Replica.StartAsync(webhook, api, tls, variables);
            using var reviewer = new Reviewer(replica.Address, tls, Connections);
            await reviewer.ConnectAsync("/livez");
            var first = await reviewer.SendAsync(reviews, First);
            await reviewer.SendAsync(reviews, name == "refused" ? WarmUpRefused : WarmUp);
            var steady = await reviewer.SendAsync(reviews, Steady);
            runs.Add([
                replica.Ready.TotalSeconds,
                first.Max(),
                Reviewer.Percentile(first, 0.5),
                Reviewer.Percentile(first, 0.99),
                Reviewer.Percentile(steady, 0.5),
                Reviewer.Percentile(steady, 0.99),
                Reviewer.Percentile(first, 0.99) / Reviewer.Percentile(steady, 0.99),
            ]);
        }

        var run = runs[0].Select((_, i) => runs.Select(r => r[i]).Order().ElementAt(rounds / 2)).ToList();
        Console.WriteLine(
            FormattableString.Invariant(
                $"{name, -10} {run[0], 8:0.00} {run[1], 9:0.0} {run[2], 7:0.00} {run[3], 7:0.0} {run[4], 11:0.00} {run[5], 11:0.0} {run[6], 13:0.0}  "
            ) + string.Join(' ', variables.Select(v => $"{v.Key}={v.Value}"))
        );
    }
}
