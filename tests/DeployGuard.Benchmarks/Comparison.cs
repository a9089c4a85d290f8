using System.Globalization;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The published webhook in standalone mode and the bare server, under the same load, alternating in one run: machines are
/// noisy, so only the ratio is meaningful.
/// </summary>
internal sealed class Comparison(string webhook, string folder)
{
    private const int Rounds = 3;

    /// <summary>Until the runtime has recompiled hot code with its profile; before that it is up to four times slower.</summary>
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(4);

    public async Task RunAsync()
    {
        var tls = TlsPair.WriteTo(folder);
        var script = WriteScript();
        using var bare = await Server.StartAsync(
            "bare Kestrel",
            Environment.ProcessPath ?? "dotnet",
            port => [.. Own(), "bare", $"{port}", tls.Certificate, tls.Key]
        );
        using var guard = await Server.StartAsync(
            "deployguard-webhook",
            webhook,
            port =>
                [
                    "--standalone",
                    "--policies",
                    Path.Combine(AppContext.BaseDirectory, "policies"),
                    $"--listen=127.0.0.1:{port}",
                    $"--metrics-listen=127.0.0.1:{Server.FreePort()}",
                    "--tls-cert",
                    tls.Certificate,
                    "--tls-key",
                    tls.Key,
                    "--tls-ca",
                    tls.Ca,
                ]
        );

        Console.WriteLine(
            "The 11.8 KB update review over TLS, keep-alive, wrk on the same machine. The webhook evaluates three safeguards and refuses."
        );
        foreach (var server in (Server[])[bare, guard])
        {
            await Load.RunAsync(server.Url, script, 8, s_warmUp);
        }

        Console.WriteLine("connections  server               requests/s   p50 ms   p99 ms   resident MB");
        foreach (var connections in (int[])[1, 8, 32])
        {
            await CompareAsync(bare, guard, script, connections);
        }
    }

    private static async Task CompareAsync(Server bare, Server guard, string script, int connections)
    {
        List<Load> reference = [],
            ours = [];
        for (var round = 0; round < Rounds; round++)
        {
            reference.Add(await Load.RunAsync(bare.Url, script, connections, s_round));
            ours.Add(await Load.RunAsync(guard.Url, script, connections, s_round));
        }

        var (a, b) = (Median(reference), Median(ours));
        Print(connections, bare, a);
        Print(connections, guard, b);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{"", 11}  {"ratio", -19} {b.PerSecond / a.PerSecond, 11:0.00} {b.P50 / a.P50, 8:0.00} {b.P99 / a.P99, 8:0.00} "
                    + $"{guard.ResidentMegabytes / bare.ResidentMegabytes, 13:0.00}"
            )
        );
    }

    private static void Print(int connections, Server server, Load load) =>
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{connections, 11}  {server.Name, -19} {load.PerSecond, 11:0} {load.P50, 8:0.00} {load.P99, 8:0.00} "
                    + $"{server.ResidentMegabytes, 13:0}"
            )
        );

    private static Load Median(List<Load> loads) => loads.OrderBy(l => l.PerSecond).ElementAt(loads.Count / 2);

    /// <summary>The arguments that start this program again, through the dotnet host or its own executable.</summary>
    private static string[] Own() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(Comparison).Assembly.Location] : [];

    private string WriteScript()
    {
        var body = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "review.json"));
        var script = Path.Combine(folder, "post.lua");
        // A long bracket of a level that the body does not hold needs no escapes.
        File.WriteAllText(
            script,
            $"wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = [======[{body.Trim()}]======]\n"
        );
        return script;
    }
}
