namespace DeployGuard.Benchmarks;

/// <summary>
/// The published webhook in clusters of several sizes: its start, its memory when it is ready, after decisions, and after a pause; and what
/// one more workload and one more pod cost.
/// </summary>
internal sealed class ResidentMemory(string webhook, string folder)
{
    private const int Decisions = 20_000;
    private const int Connections = 8;

    /// <summary>One of so many decisions is refused.</summary>
    private const int RefusedOf = 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    /// <param name="sizes">Numbers of Deployments; each has a ReplicaSet, three pods, a Service and a Change.</param>
    /// <param name="settings">Environments to compare, by turns; the first is none.</param>
    public async Task RunAsync(IReadOnlyList<int> sizes, IReadOnlyList<IReadOnlyDictionary<string, string>> settings, int rounds)
    {
        var tls = TlsPair.WriteTo(folder);
        var review = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        await BytesKept.RunAsync(review, tls, folder);
        Console.WriteLine(
            $"A replica in a cluster with pods of 9.2 KB, Deployments of 5.6 KB, ReplicaSets of 4 KB; {Decisions} decisions over TLS, "
                + $"{Connections} connections, one of {RefusedOf} refused; medians of {rounds}."
        );
        Console.WriteLine(
            "workloads    pods  ready s  complete s   MB ready  decided   pause   (files)    peak  ms p50  ms p99  answers/s"
        );
        foreach (var size in sizes)
        {
            var cluster = new GeneratedCluster(review, size);
            await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
            var runs = settings.Select(_ => new List<double[]>()).ToList();
            for (var round = 0; round < rounds; round++)
            {
                for (var i = 0; i < settings.Count; i++)
                {
                    runs[i].Add(await MeasureAsync(cluster, api, tls, settings[i]));
                }
            }

            for (var i = 0; i < settings.Count; i++)
            {
                Print(
                    size,
                    settings[i],
                    [.. runs[i][0].Select((_, figure) => runs[i].Select(r => r[figure]).Order().ElementAt(rounds / 2))]
                );
            }
        }
    }

    private async Task<double[]> MeasureAsync(
        GeneratedCluster cluster,
        SimulatedApi api,
        TlsPair tls,
        IReadOnlyDictionary<string, string> variables
    )
    {
        using var replica = await Replica.StartAsync(webhook, api, tls, variables);
        using var reviewer = new Reviewer(replica.Address, tls, Connections);
        List<VariedReview> reviews =
        [
            .. cluster
                .Unchanged()
                .Zip(cluster.NewRevision())
                .SelectMany((pair, i) => new[] { i % RefusedOf == 0 ? pair.Second : pair.First }),
        ];
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        var took = await reviewer.SendAsync(reviews, Decisions);
        var rate = Decisions / System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds;
        var decided = replica.Resident;
        await Task.Delay(s_pause);
        return
        [
            replica.Ready.TotalSeconds,
            replica.Complete.TotalSeconds,
            replica.AtReady,
            decided,
            replica.Resident,
            replica.ResidentOfFiles,
            replica.Peak,
            Reviewer.Percentile(took, 0.5),
            Reviewer.Percentile(took, 0.99),
            rate,
        ];
    }

    private static void Print(int size, IReadOnlyDictionary<string, string> variables, double[] run) =>
        Console.WriteLine(
            FormattableString.Invariant(
                $"{size, 9} {size * GeneratedCluster.PodsPerWorkload, 7} {run[0], 8:0.00} {run[1], 11:0.00} {run[2], 10:0} {run[3], 8:0} "
            )
                + FormattableString.Invariant(
                    $"{run[4], 7:0} {run[5], 9:0} {run[6], 7:0} {run[7], 7:0.00} {run[8], 7:0.0} {run[9], 10:0}  "
                )
                + string.Join(' ', variables.Select(v => $"{v.Key}={v.Value}"))
        );
}
