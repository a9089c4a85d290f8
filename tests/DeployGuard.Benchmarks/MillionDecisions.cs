using System.Globalization;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>
/// A million decisions in process, with the caches of a replica that watches a thousand workloads: what lives on after them.
/// </summary>
internal static class MillionDecisions
{
    private const int Decisions = 1_000_000;

    /// <summary>Caches and counters are full after so many.</summary>
    private const int WarmUp = 50_000;

    /// <summary>One of so many decisions is refused.</summary>
    private const int RefusedOf = GeneratedCluster.RefusedOf;
    private const int Stages = 5;

    public static async Task<Section> RunAsync()
    {
        var machine = ThisMachine.Read();
        var fleet = new Fleet((await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim());
        await using var replica = await InProcessReplica.StartAsync(fleet.Answer, Fleet.Namespaces);
        var decision = new WholeDecision(replica.Services);
        var (allowed, refused) = (fleet.Unchanged(), fleet.NewRevision());
        Decide(0, WarmUp);
        var rows = new List<Row> { After(WarmUp) };
        for (var stage = 1; stage <= Stages; stage++)
        {
            Decide(WarmUp + ((stage - 1) * Decisions / Stages), WarmUp + (stage * Decisions / Stages));
            rows.Add(After(WarmUp + (stage * Decisions / Stages)));
        }

        return new Section(
            "million",
            $"{Decisions:#,0} decisions in process on one thread, one of {RefusedOf} refused, {Fleet.Workloads:#,0} workloads cached; what is "
                + "left after a full collection at each row, and how often the second generation was collected until then.",
            TimeProvider.System.GetUtcNow(),
            machine,
            rows
        );

        void Decide(int from, int to)
        {
            for (var i = from; i < to; i++)
            {
                var isAllowed = i % RefusedOf != 0;
                var reviews = isAllowed ? allowed : refused;
                decision.Decide(WholeDecision.Context(reviews[i % reviews.Count].Next(i)), isAllowed);
            }
        }
    }

    private static Row After(int decisions)
    {
        var collections = GC.CollectionCount(2);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var live = GC.GetGCMemoryInfo(GCKind.FullBlocking);
        return new Row(
            string.Create(CultureInfo.InvariantCulture, $"after {decisions:#,0} decisions"),
            new Dictionary<string, Figure>
            {
                ["MB that live"] = Figure.Lower("MB", [GC.GetTotalMemory(false) / 1e6]),
                ["MB in generation 2"] = Figure.Absolute("MB", [live.GenerationInfo[2].SizeAfterBytes / 1e6]),
                ["collections of generation 2"] = Figure.Absolute("", [collections]),
            }
        );
    }
}
