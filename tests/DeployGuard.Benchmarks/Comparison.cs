using System.Globalization;
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

    public async Task RunAsync()
    {
        var tls = TlsPair.WriteTo(folder);
        var fleet = new Fleet((await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim());
        using var bare = await Server.StartAsync(
            "bare Kestrel",
            Environment.ProcessPath ?? "dotnet",
            port => [.. Own(), "bare", $"{port}", tls.Certificate, tls.Key]
        );
        using var guard = await Server.StartAsync("deployguard-webhook", webhook, port => Standalone(port, tls));

        Console.WriteLine("11.8 KB update reviews over TLS, keep-alive, wrk on the same machine; medians of five rounds, by turns.");
        Console.WriteLine(
            "Names, uids and templates differ. Refused: three safeguards of one policy, all findings. Without a cluster: no live reads, no pods."
        );
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

        Console.WriteLine("connections  what          requests/s  ratio   p50 ms   p99 ms  ratio   cpu us  ratio   resident MB");
        foreach (var connections in (int[])[1, 8, 32])
        {
            await CompareAsync(targets, connections);
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"from the start of the process until it listens: {guard.Started.TotalSeconds:0.00} s, bare Kestrel {bare.Started.TotalSeconds:0.00} s"
            )
        );
    }

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

    private static async Task CompareAsync(List<Target> targets, int connections)
    {
        var rounds = targets.ConvertAll(_ => new List<Load>());
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < targets.Count; i++)
            {
                rounds[i].Add(await Load.RunAsync(targets[i].Server, targets[i].Script, connections, s_round));
            }
        }

        var medians = rounds.ConvertAll(Median);
        for (var i = 0; i < targets.Count; i++)
        {
            Print(connections, targets[i], medians[i], medians[0]);
        }
    }

    private static void Print(int connections, Target target, Load load, Load bare) =>
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{connections, 11}  {target.Name, -12} {load.PerSecond, 11:0} {load.PerSecond / bare.PerSecond, 6:0.00} {load.P50, 8:0.00} "
                    + $"{load.P99, 8:0.00} {load.P99 / bare.P99, 6:0.00} {load.Cpu, 8:0} {load.Cpu / bare.Cpu, 6:0.00} "
                    + $"{target.Server.ResidentMegabytes, 13:0}"
            )
        );

    /// <summary>The median of each figure.</summary>
    private static Load Median(List<Load> loads) =>
        new(Median(loads, l => l.PerSecond), Median(loads, l => l.P50), Median(loads, l => l.P99), Median(loads, l => l.Cpu));

    private static double Median(List<Load> loads, Func<Load, double> figure) => loads.Select(figure).Order().ElementAt(loads.Count / 2);

    /// <summary>The arguments that start this program again, through the dotnet host or its own executable.</summary>
    private static string[] Own() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Comparison).Assembly.Location] : [];

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
