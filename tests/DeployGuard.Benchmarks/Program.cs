using System.Globalization;
using DeployGuard.Benchmarks;
using DeployGuard.Benchmarks.Api;
using DeployGuard.Benchmarks.Growth;
using DeployGuard.Benchmarks.Micro;
using DeployGuard.Benchmarks.Results;
using DeployGuard.Rig;

// What `make bench` runs, in this order; each is a command of its own as well.
(string Name, Func<Task<IReadOnlyList<Section>>> Run)[] benchmarks =
[
    ("decision", () => DecisionPath.RunAsync(20_000)),
    ("micro", () => Task.FromResult<IReadOnlyList<Section>>([MicroBench.Run()])),
    ("pool", PoolAsync),
    ("growth", async () => [await GrowthBench.RunAsync()]),
    ("million", async () => [await MillionDecisions.RunAsync()]),
    ("servers", () => Comparison.RunAsync(Toolbox.Webhook)),
    ("api", ApiBench.RunAsync),
    ("cold", async () => [await Replicas.RunAsync("cold", [])]),
    ("memory", async () => [await Replicas.RunAsync("memory", [])]),
];

var results = Path.Combine(Toolbox.Repository, "artifacts", "bench.json");
try
{
    return await CommandAsync();
}
catch (Exception told) when (told is InvalidDataException or FileNotFoundException)
{
    await Console.Error.WriteLineAsync($"bench: {told.Message}");
    return 2;
}

async Task<int> CommandAsync()
{
    switch (args)
    {
        case ["bare", var port, var certificate, var key]:
            await BareServer.RunAsync(int.Parse(port, CultureInfo.InvariantCulture), certificate, key);
            return 0;
        case ["report"]:
            var page = Path.Combine(Toolbox.Repository, "docs", "performance.md");
            File.WriteAllText(page, ReportPage.Fill(File.ReadAllText(page), BenchResults.Read(results)));
            return 0;
        case ["compare", var file]:
            return Baseline.Compare(BenchResults.Read(results), BenchResults.Read(file), Console.Out);
        case ["all"]:
            await RunAllAsync();
            return 0;
        case ["all", "--baseline", var file]:
            // Read first: it may be the file that the run replaces, and a wrong name is told at once.
            var baseline = BenchResults.Read(file);
            await RunAllAsync();
            return Baseline.Compare(BenchResults.Read(results), baseline, Console.Out);
        case ["memory" or "cold", .. { Length: > 0 } more]:
            await RunAsync((args[0], async () => [await Replicas.RunAsync(args[0], more)]));
            return 0;
        case ["hour", .. { Length: <= 1 } minutes]:
            await RunAsync(("hour", async () => [await Replicas.HourAsync(minutes)]));
            return 0;
        case [var name] when benchmarks.FirstOrDefault(b => b.Name == name) is { Run: not null } one:
            await RunAsync(one);
            return 0;
        default:
            await Console.Error.WriteLineAsync(
                $"usage: bench all [--baseline FILE] | {string.Join(" | ", benchmarks.Select(b => b.Name))} | report | compare FILE\n"
                    + "       bench memory [SIZE...] [rounds=N] [NAME=VALUE,...] | cold [rounds=N] [NAME=VALUE,...] | hour [MINUTES]"
            );
            return 2;
    }
}

async Task RunAllAsync()
{
    File.Delete(results);
    foreach (var benchmark in benchmarks)
    {
        await RunAsync(benchmark);
    }
}

// Results are kept after each section: a later one that fails does not lose them.
async Task RunAsync((string Name, Func<Task<IReadOnlyList<Section>>> Run) benchmark)
{
    await Console.Error.WriteLineAsync($"==> {benchmark.Name}");
    foreach (var section in await benchmark.Run())
    {
        Console.WriteLine(ReportPage.Block(section));
        (File.Exists(results) ? BenchResults.Read(results) : BenchResults.None).With(section).WriteTo(results);
    }
}

static async Task<IReadOnlyList<Section>> PoolAsync()
{
    var section = PoolDecision.Run();
    await WatchedPods.RunAsync();
    return [section];
}
