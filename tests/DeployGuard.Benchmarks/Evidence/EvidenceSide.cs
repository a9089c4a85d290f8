using System.Diagnostics;
using DeployGuard.Benchmarks.Results;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Benchmarks.Evidence;

/// <summary>The decisions of one replica, with the median of each round.</summary>
internal sealed class EvidenceSide(IServiceProvider services, IReadOnlyList<VariedReview> reviews, bool isAllowed)
{
    private readonly WholeDecision _decision = new(services);
    private readonly List<double> _times = [];
    private readonly List<double> _medians = [];
    private readonly List<double> _bytesOfRounds = [];
    private long _bytes;
    private int _count;

    /// <summary>Looks up what is to be cached.</summary>
    /// <exception cref="InvalidOperationException">Signed evidence has another part in the decision than was wanted.</exception>
    public void Check(bool isBacked)
    {
        using var body = ReviewBody.ReadAsync(WholeDecision.Context(reviews[0].Next(0))).AsTask().GetAwaiter().GetResult();
        var request = services.GetRequiredService<RequestReader>().Read(Review.Read(body));
        var verdict = services
            .GetRequiredService<DecisionPipeline>()
            .DecideAsync(request, TimeSpan.FromSeconds(10), static v => v, CancellationToken.None)
            .AsTask()
            .GetAwaiter()
            .GetResult();
        if (verdict.Backing.Any(b => b is { IsHuman: true, Reviews.Count: > 0 }) != isBacked)
        {
            throw new InvalidOperationException(
                $"wanted {(isBacked ? "" : "no ")}signed evidence; there is {string.Join(", ", verdict.Backing)}; "
                    + string.Join(", ", verdict.SignedFacts.SelectMany(f => f.Images))
            );
        }
    }

    public void Decide(int decisions)
    {
        for (var i = 0; i < decisions; i++)
        {
            var context = WholeDecision.Context(reviews[_count % reviews.Count].Next(_count++));
            var before = GC.GetAllocatedBytesForCurrentThread();
            var started = Stopwatch.GetTimestamp();
            _decision.Decide(context, isAllowed);
            _times.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
            _bytes += GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    /// <summary>Forgets the round so far: it was the warm-up.</summary>
    public void Forget()
    {
        _times.Clear();
        _bytes = 0;
    }

    public void EndRound()
    {
        _times.Sort();
        _medians.Add(_times[_times.Count / 2]);
        _bytesOfRounds.Add((double)_bytes / _times.Count);
        Forget();
    }

    public Row Row(string name, EvidenceSide first) =>
        new(
            name,
            new Dictionary<string, Figure>
            {
                ["µs"] = Figure.Absolute("µs", _medians),
                ["ratio to without"] = Figure.Absolute("µs", _medians).RatioTo(Figure.Absolute("µs", first._medians)),
                ["bytes"] = Figure.Lower("bytes", _bytesOfRounds),
            }
        );
}
