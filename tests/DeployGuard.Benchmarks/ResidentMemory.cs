using System.Globalization;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The published webhook in clusters of several sizes: its start, its memory when it is ready, after decisions, and after a pause; and what
/// one more workload and one more pod cost.
/// </summary>
internal sealed class ResidentMemory(string webhook, string folder)
{
    private const int Decisions = 20_000;
    private const int Connections = 8;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(10);

    /// <param name="sizes">Numbers of Deployments; each has a ReplicaSet, three pods, a Service and a Change.</param>
    /// <param name="settings">Environments to compare, by turns; the first is none.</param>
    public async Task<Section> RunAsync(IReadOnlyList<int> sizes, IReadOnlyList<IReadOnlyDictionary<string, string>> settings, int rounds)
    {
        var machine = ThisMachine.Read();
        var tls = TlsPair.WriteTo(folder);
        var review = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var rows = new List<Row>(await BytesKept.RunAsync(review, tls, folder));
        foreach (var size in sizes)
        {
            rows.AddRange(await CompareAsync(new GeneratedCluster(review, size), tls, settings, rounds));
        }

        return new Section(
            "memory",
            $"A replica in clusters with pods of 9.2 KB, Deployments of 5.6 KB and ReplicaSets of 4 KB: when it is ready, after {Decisions:#,0} "
                + $"decisions over TLS ({Connections} connections, one of {GeneratedCluster.RefusedOf} refused), and after {s_pause.TotalSeconds:0} seconds of "
                + $"rest. First what its caches keep of an object, beside the bytes of its JSON. Rounds: {rounds}.",
            TimeProvider.System.GetUtcNow(),
            machine,
            rows
        );
    }

    private async Task<IReadOnlyList<Row>> CompareAsync(
        GeneratedCluster cluster,
        TlsPair tls,
        IReadOnlyList<IReadOnlyDictionary<string, string>> settings,
        int rounds
    )
    {
        await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
        var runs = settings.Select(_ => new List<Run>()).ToList();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < settings.Count; i++)
            {
                runs[i].Add(await MeasureAsync(cluster, api, tls, settings[i]));
            }
        }

        var name = string.Create(
            CultureInfo.InvariantCulture,
            $"{cluster.Workloads:#,0} workloads, {cluster.Workloads * GeneratedCluster.PodsPerWorkload:#,0} pods"
        );
        return [.. settings.Select((variables, i) => RowOf(Replicas.Named(name, variables), runs[i]))];
    }

    private async Task<Run> MeasureAsync(
        GeneratedCluster cluster,
        SimulatedApi api,
        TlsPair tls,
        IReadOnlyDictionary<string, string> variables
    )
    {
        using var replica = await Replica.StartAsync(webhook, api, tls, variables);
        using var reviewer = new Reviewer(replica.Address, tls, Connections);
        var reviews = cluster.SomeRefused();
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        var took = await reviewer.SendAsync(reviews, Decisions);
        var rate = Decisions / System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds;
        var decided = replica.Resident;
        await Task.Delay(s_pause);
        return new Run(
            replica.Ready.TotalSeconds,
            replica.Complete.TotalSeconds,
            replica.AtReady,
            decided,
            replica.Resident,
            replica.ResidentOfFiles,
            replica.Peak,
            Reviewer.Percentile(took, 0.5),
            Reviewer.Percentile(took, 0.99),
            rate
        );
    }

    /// <summary>
    /// Only the memory after the rest is compared with a baseline: the settings of the heap make it much the same everywhere.
    /// </summary>
    private static Row RowOf(string name, List<Run> runs)
    {
        Figure Of(string unit, Func<Run, double> figure) => Figure.Absolute(unit, [.. runs.Select(figure)]);
        return new Row(
            name,
            new Dictionary<string, Figure>
            {
                ["ready s"] = Of("s", r => r.Ready),
                ["all pods watched s"] = Of("s", r => r.Complete),
                ["MB at ready"] = Of("MB", r => r.AtReady),
                ["MB after decisions"] = Of("MB", r => r.Decided),
                ["MB after the rest"] = Figure.Lower("MB", [.. runs.Select(r => r.Rested)]),
                ["of that, files"] = Of("MB", r => r.Files),
                ["MB at most"] = Of("MB", r => r.Peak),
                ["p50 ms"] = Of("ms", r => r.P50),
                ["p99 ms"] = Of("ms", r => r.P99),
                ["answers/s"] = Of("1/s", r => r.Rate),
            }
        );
    }

    private sealed record Run(
        double Ready,
        double Complete,
        double AtReady,
        double Decided,
        double Rested,
        double Files,
        double Peak,
        double P50,
        double P99,
        double Rate
    );
}
