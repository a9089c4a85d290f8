using System.Globalization;
using DeployGuard.Benchmarks.Results;
using DeployGuard.Rig;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The published webhook in standalone mode and the bare server, under the same load, alternating in one run: machines are
/// noisy, so only the ratio is meaningful.
/// </summary>
internal sealed class Comparison(string webhook, string folder)
{
    private const int Rounds = 5;

    /// <summary>Until the runtime has recompiled hot code with its profile; before that it is up to four times slower.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(4);

    public static async Task<IReadOnlyList<Section>> RunAsync(string webhook)
    {
        if (!File.Exists(webhook))
        {
            throw new FileNotFoundException($"{webhook} is not there: run make publish first", webhook);
        }

        var files = Directory.CreateTempSubdirectory("deployguard-bench-");
        try
        {
            return await new Comparison(webhook, files.FullName).RunAsync();
        }
        finally
        {
            files.Delete(recursive: true);
        }
    }

    private async Task<IReadOnlyList<Section>> RunAsync()
    {
        var machine = ThisMachine.Read();
        var tls = TlsPair.WriteTo(folder);
        var fleet = new Fleet((await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim());
        using var bare = await Server.StartAsync(
            "bare Kestrel",
            Self.Program,
            port => [.. Self.Arguments, "bare", $"{port}", tls.Certificate, tls.Key]
        );
        using var guard = await Server.StartAsync("deployguard-webhook", webhook, port => Standalone(port, tls));

        List<Target> targets =
        [
            new("bare Kestrel", bare, WriteScript("bare", fleet.NewRevision())),
            new("allowed", guard, WriteScript("allowed", fleet.Unchanged())),
            new("refused", guard, WriteScript("refused", fleet.NewRevision())),
        ];
        foreach (var target in targets)
        {
            await Load.RunAsync(target.Server, target.Script, 8, s_warmUp);
        }

        var rows = new List<Row>();
        foreach (var connections in (int[])[1, 8, 32])
        {
            rows.AddRange(await CompareAsync(targets, connections));
        }

        rows.Add(Started("from the start of the process until it listens: bare Kestrel", bare));
        rows.Add(Started("from the start of the process until it listens: DeployGuard", guard));
        var servers = new Section(
            "servers",
            $"11.8 KB update reviews over TLS, keep-alive, wrk on the same machine; {Rounds} rounds of {s_round.TotalSeconds:0} seconds by turns. "
                + "Names, uids and templates differ. Refused: three safeguards of one policy, all findings. Without a cluster: no live "
                + "reads, no pods.",
            TimeProvider.System.GetUtcNow(),
            machine,
            rows
        );
        return [servers, await Flood.RunAsync(machine, guard, targets[1].Script, targets[2].Script)];
    }

    private static Row Started(string name, Server server) =>
        new(name, new Dictionary<string, Figure> { ["start s"] = Figure.Absolute("s", [server.Started.TotalSeconds]) });

    private static string[] Standalone(int port, TlsPair tls) =>
        [
            "--standalone",
            "--policies",
            Path.Combine(AppContext.BaseDirectory, "policies"),
            $"--listen=127.0.0.1:{port}",
            $"--metrics-listen=127.0.0.1:{Ports.Free()}",
            "--tls-cert",
            tls.Certificate,
            "--tls-key",
            tls.Key,
            "--tls-ca",
            tls.Ca,
        ];

    private static async Task<IEnumerable<Row>> CompareAsync(List<Target> targets, int connections)
    {
        var rounds = targets.ConvertAll(_ => new List<Load>());
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < targets.Count; i++)
            {
                rounds[i].Add(await Load.RunAsync(targets[i].Server, targets[i].Script, connections, s_round));
            }
        }

        return targets.Select((t, i) => RowOf(connections, t, rounds[i], rounds[0]));
    }

    private static Row RowOf(int connections, Target target, List<Load> loads, List<Load> bare)
    {
        var compared = ReferenceEquals(loads, bare) ? Compared.No : Compared.LowerIsBetter;
        var (rate, p99, cpu) = (
            Load.FigureOf("1/s", loads, l => l.PerSecond),
            Load.FigureOf("ms", loads, l => l.P99),
            Load.FigureOf("µs", loads, l => l.Cpu)
        );
        return new Row(
            string.Create(CultureInfo.InvariantCulture, $"{connections} connection{(connections > 1 ? "s" : "")}: {target.Name}"),
            new Dictionary<string, Figure>
            {
                ["answers/s"] = rate,
                ["rate: ratio"] = rate.RatioTo(
                    Load.FigureOf("1/s", bare, l => l.PerSecond),
                    compared is Compared.No ? Compared.No : Compared.HigherIsBetter
                ),
                ["p50 ms"] = Load.FigureOf("ms", loads, l => l.P50),
                ["p99 ms"] = p99,
                ["p99: ratio"] = p99.RatioTo(Load.FigureOf("ms", bare, l => l.P99), compared),
                ["processor µs"] = cpu,
                ["processor: ratio"] = cpu.RatioTo(Load.FigureOf("µs", bare, l => l.Cpu), compared),
                ["resident MB"] = Figure.Absolute("MB", [target.Server.ResidentMegabytes]),
            }
        );
    }

    /// <summary>A script that sends the reviews by turns. wrk makes the requests once, before the load.</summary>
    private string WriteScript(string name, IReadOnlyList<VariedReview> reviews)
    {
        var (bodies, script) = (Path.Combine(folder, $"{name}.jsonl"), Path.Combine(folder, $"{name}.lua"));
        File.WriteAllLines(bodies, reviews.Select((review, i) => System.Text.Encoding.UTF8.GetString(review.Next(i))));
        File.WriteAllText(
            script,
            $$"""
            wrk.method = "POST"
            wrk.headers["Content-Type"] = "application/json"
            local requests, at = {}, 0
            init = function(args)
              for body in io.lines("{{bodies}}") do requests[#requests + 1] = wrk.format(nil, nil, nil, body) end
            end
            request = function()
              at = at % #requests + 1
              return requests[at]
            end
            """
        );
        return script;
    }

    private sealed record Target(string Name, Server Server, string Script);
}
