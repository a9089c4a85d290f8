using System.Globalization;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>
/// A million decisions in process, with the caches of a replica that watches a thousand workloads: what lives on after them. The published
/// webhook for an hour: its resident memory.
/// </summary>
internal static class Endurance
{
    private const int Decisions = 1_000_000;

    /// <summary>Caches and counters are full after so many.</summary>
    private const int WarmUp = 50_000;

    /// <summary>One of so many decisions is refused.</summary>
    private const int RefusedOf = 20;
    private const int Stages = 5;
    private const int PerSecond = 50;
    private const int Connections = 8;

    /// <summary>How much of an hour is compared at its beginning and its end.</summary>
    private const int ComparedMinutes = 10;

    public static async Task<Section> MillionAsync()
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
            $"{Decisions:#,0} decisions in process on one thread, one of {RefusedOf} refused, {Fleet.Workloads:#,0} workloads cached; what is left "
                + "after a full collection at each row, and how often the second generation was collected until then.",
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

    /// <param name="webhook">The published program.</param>
    public static async Task<Section> HourAsync(string webhook, string folder, int minutes)
    {
        var machine = ThisMachine.Read();
        var tls = TlsPair.WriteTo(folder);
        var review = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var cluster = new GeneratedCluster(review, 1000);
        await using var api = await SimulatedApi.StartAsync(cluster, tls, folder);
        using var replica = await Replica.StartAsync(webhook, api, tls, new Dictionary<string, string>());
        using var reviewer = new Reviewer(replica.Address, tls, Connections);
        List<VariedReview> reviews =
        [
            .. cluster.Unchanged().Zip(cluster.NewRevision()).Select((pair, i) => i % RefusedOf == 0 ? pair.Second : pair.First),
        ];
        var resident = new List<double>();
        for (var minute = 0; minute < minutes; minute++)
        {
            var until = Task.Delay(TimeSpan.FromMinutes(1));
            await reviewer.SendAsync(reviews, PerSecond * 60);
            await until;
            resident.Add(replica.Resident);
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"minute {minute + 1}: {resident[^1]:0.0} MB"));
        }

        var compared = Math.Min(ComparedMinutes, Math.Max(1, minutes / 2));
        var (first, last) = (Figure.Absolute("MB", resident[..compared]), Figure.Absolute("MB", resident[^compared..]));
        return new Section(
            "hour",
            $"The published webhook with 1,000 workloads and 3,000 pods for {minutes} minutes, {PerSecond * 60:#,0} reviews in each over TLS, one "
                + $"of {RefusedOf} refused: resident memory at the end of every minute.",
            TimeProvider.System.GetUtcNow(),
            machine,
            [
                new Row(
                    $"resident memory, {minutes} minutes",
                    new Dictionary<string, Figure>
                    {
                        [$"MB, first {compared} minutes"] = first,
                        [$"MB, last {compared} minutes"] = last,
                        ["last to first"] = Figure.Lower("ratio", [last.Median / first.Median]),
                        ["MB at most"] = Figure.Absolute("MB", [replica.Peak]),
                    }
                ),
            ]
        );
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
