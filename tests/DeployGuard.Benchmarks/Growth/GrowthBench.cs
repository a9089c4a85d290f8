using System.Diagnostics;
using System.Globalization;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks.Growth;

/// <summary>
/// Whether a decision takes longer in a larger cluster, in process, from the bytes of a review to those of its answer. The cases of a group
/// alternate, so that what disturbs the machine disturbs all of them.
/// </summary>
internal static class GrowthBench
{
    private const int Rounds = 5;
    private const int LeastDecisions = 15;
    private const string Base = "ratio to the first";

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_warmUpOfCase = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_round = TimeSpan.FromMilliseconds(200);

    public static async Task<Section> RunAsync()
    {
        var machine = ThisMachine.Read();
        var recorded = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var rows = new List<Row>();
        var warmUp = s_warmUp;
        foreach (var group in GrowthCases.Groups)
        {
            rows.AddRange(await RunAsync(recorded, group, warmUp));
            warmUp = s_warmUpOfCase;
        }

        return new Section(
            "growth",
            "One decision in process, on one thread, from the bytes of a review to those of its answer; the first row of each group is "
                + "what the others of the group are divided by, round by round. A bare server's work is to parse the same bytes.",
            TimeProvider.System.GetUtcNow(),
            machine,
            rows
        );
    }

    private static async Task<IReadOnlyList<Row>> RunAsync(string recorded, IReadOnlyList<GrowthCase> group, TimeSpan warmUp)
    {
        var running = new List<Running>();
        try
        {
            foreach (var @case in group)
            {
                running.Add(await Running.StartAsync(recorded, @case));
            }

            running.ForEach(r => r.Measure(warmUp));
            running.ForEach(r => r.Forget());
            GC.Collect();
            for (var round = 0; round < Rounds; round++)
            {
                running.ForEach(r => r.Measure(s_round));
            }

            return running.ConvertAll(r => r.Row(running[0]));
        }
        finally
        {
            foreach (var one in running)
            {
                await one.DisposeAsync();
            }
        }
    }

    private sealed class Running(GrowthCase @case, GrowthReviews reviews, InProcessReplica replica) : IAsyncDisposable
    {
        private readonly WholeDecision _decision = new(replica.Services);
        private readonly IReadOnlyList<VariedReview> _unchanged = reviews.Unchanged();
        private readonly IReadOnlyList<VariedReview> _newRevision = reviews.NewRevision();
        private readonly List<Sample> _allowed = [];
        private readonly List<Sample> _refused = [];
        private readonly List<Sample> _parsed = [];
        private int _count;

        public static async Task<Running> StartAsync(string recorded, GrowthCase @case)
        {
            var reviews = new GrowthReviews(recorded, @case);
            var cluster = new GrowthCluster(@case, reviews);
            return new Running(@case, reviews, await InProcessReplica.StartAsync(cluster.Answer, cluster.Namespaces));
        }

        public void Measure(TimeSpan time)
        {
            _allowed.Add(Sampled(_unchanged, time, context => _decision.Decide(context, isAllowed: true)));
            _refused.Add(Sampled(_newRevision, time, context => _decision.Decide(context, isAllowed: false)));
            _parsed.Add(Sampled(_unchanged, time / 4, WholeDecision.OnlyParse));
        }

        public void Forget()
        {
            _allowed.Clear();
            _refused.Clear();
            _parsed.Clear();
        }

        public Row Row(Running first)
        {
            var (allowed, refused) = (Figure.Absolute("µs", Times(_allowed)), Figure.Absolute("µs", Times(_refused)));
            // The objects of a namespace are in another order in each process, and a refusal looks at more or fewer of them.
            var compared = @case.WorkloadsInside > 0 ? Compared.No : Compared.LowerIsBetter;
            return new Row(
                string.Create(CultureInfo.InvariantCulture, $"{@case.Name} ({reviews.Bytes / 1000.0:#,0.0} KB)"),
                new Dictionary<string, Figure>
                {
                    ["allowed: µs"] = allowed,
                    [$"allowed: {Base}"] = allowed.RatioTo(Figure.Absolute("µs", Times(first._allowed))),
                    ["allowed: ratio to a bare server's work"] = allowed.RatioTo(Figure.Absolute("µs", Times(_parsed))),
                    ["allowed: bytes"] = Figure.Lower("bytes", Bytes(_allowed)),
                    ["refused: µs"] = refused,
                    [$"refused: {Base}"] = refused.RatioTo(Figure.Absolute("µs", Times(first._refused)), compared),
                    ["refused: bytes"] = Figure.Absolute("bytes", Bytes(_refused)),
                }
            );
        }

        public ValueTask DisposeAsync() => replica.DisposeAsync();

        private Sample Sampled(IReadOnlyList<VariedReview> from, TimeSpan time, Action<HttpContext> once)
        {
            var times = new List<double>();
            var (bytes, began) = (0L, Stopwatch.GetTimestamp());
            while (times.Count < LeastDecisions || Stopwatch.GetElapsedTime(began) < time)
            {
                var context = WholeDecision.Context(from[_count % from.Count].Next(_count++));
                var before = GC.GetAllocatedBytesForCurrentThread();
                var started = Stopwatch.GetTimestamp();
                once(context);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
                bytes += GC.GetAllocatedBytesForCurrentThread() - before;
            }

            times.Sort();
            return new Sample(times[times.Count / 2], (double)bytes / times.Count);
        }

        private static double[] Times(List<Sample> samples) => [.. samples.Select(s => s.Time)];

        private static double[] Bytes(List<Sample> samples) => [.. samples.Select(s => s.Bytes)];

        private sealed record Sample(double Time, double Bytes);
    }
}
