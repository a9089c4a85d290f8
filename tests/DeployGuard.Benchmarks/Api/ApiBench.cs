using System.Globalization;
using DeployGuard.Benchmarks.Results;
using DeployGuard.Rig;

namespace DeployGuard.Benchmarks.Api;

/// <summary>
/// What a user waits for: a dry-run patch of a Deployment through a real API server, in three namespaces of one cluster. One calls no
/// webhook, one the bare server, one DeployGuard. They alternate, so that the ratios hold on a busy machine.
/// </summary>
internal static class ApiBench
{
    private const int Rounds = 5;

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(3);

    public static async Task<IReadOnlyList<Section>> RunAsync()
    {
        var machine = ThisMachine.Read();
        var folder = Directory.CreateTempSubdirectory("deployguard-bench-");
        try
        {
            await using var cluster = await BenchCluster.StartAsync(folder.FullName);
            return
            [
                await MeasureAsync(cluster, folder.FullName, machine),
                await EvidenceApiBench.RunAsync(cluster, folder.FullName, machine),
            ];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<Section> MeasureAsync(BenchCluster cluster, string folder, MachineFacts machine)
    {
        var rows = new List<Row>();
        foreach (var patch in Patch.All)
        {
            var targets = cluster.Targets.Select(t => (Target: t, Script: patch.WriteScript(folder, t, cluster.Token))).ToList();
            foreach (var (target, script) in targets)
            {
                var calls = await cluster.CallsAsync();
                var load = await Wrk.RunAsync(cluster.Url, script, 8, s_warmUp);
                AssertWasCalled(target, load, await cluster.CallsAsync() - calls);
            }

            foreach (var connections in (int[])[1, 8])
            {
                rows.AddRange(await CompareAsync(cluster, patch, targets, connections));
            }
        }

        return new Section(
            "api",
            $"A dry-run patch of a Deployment through a real API server (Kubernetes {cluster.Kubernetes}), HTTP keep-alive, wrk on the same "
                + $"machine, {Rounds} rounds of {s_round.TotalSeconds:0} seconds by turns. DeployGuard runs as its chart installs it, with two "
                + "replicas behind a proxy; the bare server is called directly.",
            TimeProvider.System.GetUtcNow(),
            machine,
            rows
        );
    }

    private static async Task<IEnumerable<Row>> CompareAsync(
        BenchCluster cluster,
        Patch patch,
        List<(Target Target, string Script)> targets,
        int connections
    )
    {
        var loads = targets.ConvertAll(_ => new List<Wrk>());
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < targets.Count; i++)
            {
                loads[i].Add(await Wrk.RunAsync(cluster.Url, targets[i].Script, connections, s_round));
            }
        }

        var bare = loads[targets.FindIndex(t => t.Target.Webhook == Webhook.Bare)];
        return targets.Select((t, i) => RowOf(patch, t.Target, connections, loads[i], bare));
    }

    private static Row RowOf(Patch patch, Target target, int connections, List<Wrk> loads, List<Wrk> bare)
    {
        Figure Milliseconds(List<Wrk> of, Func<Wrk, double> figure) => Figure.Absolute("ms", [.. of.Select(figure)]);
        var (p50, p99) = (Milliseconds(loads, l => l.P50), Milliseconds(loads, l => l.P99));
        var compared = target.Webhook is Webhook.DeployGuard ? Compared.LowerIsBetter : Compared.No;
        return new Row(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{patch.Name}, {connections} connection{(connections > 1 ? "s" : "")}: {target.Name}"
            ),
            new Dictionary<string, Figure>
            {
                ["p50 ms"] = p50,
                ["p50: ratio to the bare server"] = p50.RatioTo(Milliseconds(bare, l => l.P50), compared),
                ["p99 ms"] = p99,
                ["p99: ratio to the bare server"] = p99.RatioTo(Milliseconds(bare, l => l.P99), compared),
                ["patches/s"] = Figure.Absolute("1/s", [.. loads.Select(l => l.PerSecond)]),
            }
        );
    }

    /// <summary>An API server that does not call DeployGuard would look like the fastest one.</summary>
    private static void AssertWasCalled(Target target, Wrk load, double calls)
    {
        if (target.Webhook is Webhook.DeployGuard ? calls < load.Answers : calls > load.Answers / 10)
        {
            throw new InvalidOperationException(
                $"{target.Name}: {load.Answers:0} patches were answered, and DeployGuard was called {calls:0} times"
            );
        }
    }
}
