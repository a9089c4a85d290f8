using DeployGuard.Benchmarks.Evidence;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks.Api;

/// <summary>
/// What a user waits for where a policy asks for signed evidence that was looked up before: a dry run that creates a Deployment, through a
/// real API server, in two namespaces of one cluster by turns.
/// </summary>
internal static class EvidenceApiBench
{
    private const int Rounds = 7;

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(3);

    public static async Task<Section> RunAsync(BenchCluster cluster, string folder, MachineFacts machine)
    {
        await using var image = await AttestedImage.StartWithoutStatementAsync();
        var sides = await cluster.AddAttestedAsync(image);
        var scripts = sides.Select(s => s.WriteScript(folder, cluster.Token)).ToList();
        foreach (var script in scripts)
        {
            await Wrk.RunAsync(cluster.Url, script, 8, s_warmUp);
        }

        List<Row> rows = [];
        foreach (var connections in (int[])[1, 8])
        {
            var asked = image.Calls;
            var loads = sides.Select(_ => new List<Wrk>()).ToList();
            for (var round = 0; round < Rounds; round++)
            {
                for (var i = 0; i < sides.Count; i++)
                {
                    loads[i].Add(await Wrk.RunAsync(cluster.Url, scripts[i], connections, s_round));
                }
            }

            // A dry run that lacks evidence is only warned, and looks again every few seconds.
            if (asked == 0 || image.Calls != asked)
            {
                throw new InvalidOperationException(
                    $"evidence was not found, or not kept: the registry was asked {asked} times before the rounds, and {image.Calls} times after"
                );
            }

            rows.AddRange(
                sides.Select((s, i) => RowOf($"{connections} connection{(connections > 1 ? "s" : "")}: {s.Name}", loads[i], loads[0]))
            );
        }

        return new Section(
            "evidence-api",
            "A dry run that creates a Deployment of an image with a signed statement, looked up and verified before, through a real API server "
                + $"(Kubernetes {cluster.Kubernetes}), {Rounds} rounds of {s_round.TotalSeconds:0} seconds by turns, DeployGuard as above. Both "
                + "policies ask for an approval of what AI had a part in; without evidence, what nothing is known of counts as human.",
            TimeProvider.System.GetUtcNow(),
            machine,
            rows
        );
    }

    private static Row RowOf(string name, List<Wrk> loads, List<Wrk> plain)
    {
        var (p50, p99) = (Milliseconds(loads, l => l.P50), Milliseconds(loads, l => l.P99));
        return new Row(
            name,
            new Dictionary<string, Figure>
            {
                ["p50 ms"] = p50,
                ["p50: ratio to without"] = p50.RatioTo(Milliseconds(plain, l => l.P50)),
                ["p99 ms"] = p99,
                ["p99: ratio to without"] = p99.RatioTo(Milliseconds(plain, l => l.P99)),
                ["requests/s"] = Figure.Absolute("1/s", [.. loads.Select(l => l.PerSecond)]),
            }
        );

        static Figure Milliseconds(List<Wrk> of, Func<Wrk, double> figure) => Figure.Absolute("ms", [.. of.Select(figure)]);
    }
}
