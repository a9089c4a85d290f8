using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>What allowed reviews wait for while others send refused ones, or as many allowed ones, over as many connections.</summary>
internal static class Flood
{
    private const int Rounds = 5;
    private const int Connections = 8;
    private static readonly TimeSpan s_round = TimeSpan.FromSeconds(4);

    /// <summary>The flood begins before the round that is measured, and ends after it.</summary>
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1);

    public static async Task<Section> RunAsync(MachineFacts machine, Server guard, string allowed, string refused)
    {
        var (alone, besideAllowed, besideRefused) = (new List<Load>(), new List<Load>(), new List<Load>());
        for (var round = 0; round < Rounds; round++)
        {
            alone.Add(await Load.RunAsync(guard, allowed, Connections, s_round));
            besideAllowed.Add(await BesideAsync(guard, allowed, allowed));
            besideRefused.Add(await BesideAsync(guard, allowed, refused));
        }

        return new Section(
            "flood",
            $"Allowed reviews over {Connections} connections, alone, and beside {Connections} connections of other reviews; {Rounds} rounds by turns. "
                + "Two programs of wrk then share the machine with the server.",
            TimeProvider.System.GetUtcNow(),
            machine,
            [
                RowOf("allowed, alone", alone, null),
                RowOf("allowed, beside as many allowed", besideAllowed, null),
                RowOf("allowed, beside as many refused", besideRefused, besideAllowed),
            ]
        );
    }

    private static async Task<Load> BesideAsync(Server guard, string allowed, string others)
    {
        var flood = Load.RunAsync(guard, others, Connections, s_margin + s_round + s_margin);
        await Task.Delay(s_margin);
        var measured = await Load.RunAsync(guard, allowed, Connections, s_round);
        await flood;
        return measured;
    }

    private static Row RowOf(string name, List<Load> loads, List<Load>? reference)
    {
        var (rate, p50, p99) = (
            Load.FigureOf("1/s", loads, l => l.PerSecond),
            Load.FigureOf("ms", loads, l => l.P50),
            Load.FigureOf("ms", loads, l => l.P99)
        );
        var figures = new Dictionary<string, Figure>
        {
            ["answers/s"] = rate,
            ["p50 ms"] = p50,
            ["p99 ms"] = p99,
        };
        if (reference is not null)
        {
            figures["rate: ratio to beside allowed"] = rate.RatioTo(
                Load.FigureOf("1/s", reference, l => l.PerSecond),
                Compared.HigherIsBetter
            );
            figures["p99: ratio to beside allowed"] = p99.RatioTo(Load.FigureOf("ms", reference, l => l.P99));
        }

        return new Row(name, figures);
    }
}
