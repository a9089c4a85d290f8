using System.Diagnostics;
using DeployGuard.Benchmarks.Results;

namespace DeployGuard.Benchmarks;

/// <summary>Time and allocated bytes of the parts of one operation, which run one after another on one thread.</summary>
internal sealed class Parts
{
    /// <summary>The operations are cut into so many rounds, one after another.</summary>
    private const int Rounds = 5;

    private readonly List<string> _names = [];
    private readonly List<List<double>> _times = [];
    private readonly List<List<long>> _bytes = [];
    private long _started;
    private long _allocated;
    private int _part;

    /// <summary>Begins an operation.</summary>
    public void Begin()
    {
        _part = 0;
        _allocated = GC.GetAllocatedBytesForCurrentThread();
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends a part. What runs before the next <see cref="End"/> belongs to the next one.</summary>
    public void End(string part)
    {
        var took = Stopwatch.GetElapsedTime(_started).TotalMicroseconds;
        var bytes = GC.GetAllocatedBytesForCurrentThread() - _allocated;
        if (_part == _names.Count)
        {
            _names.Add(part);
            _times.Add(new List<double>(1 << 16));
            _bytes.Add(new List<long>(1 << 16));
        }

        _times[_part].Add(took);
        _bytes[_part].Add(bytes);
        _part++;
        _allocated = GC.GetAllocatedBytesForCurrentThread();
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>Forgets what was measured: it was the warm-up.</summary>
    public void Forget()
    {
        _times.ForEach(t => t.Clear());
        _bytes.ForEach(b => b.Clear());
    }

    /// <summary>
    /// The median of each part in each round, which other programs on the machine disturb little, and the mean of the bytes.
    /// </summary>
    /// <param name="title">Of the operation.</param>
    public IReadOnlyList<Row> Rows(string title)
    {
        var times = _times.ConvertAll(part => Chunks(part).Select(Median).ToArray());
        var bytes = _bytes.ConvertAll(part => Chunks(part).Select(c => c.Average()).ToArray());
        return [RowOf($"**{title}**", Sum(times), Sum(bytes)), .. _names.Select((name, i) => RowOf(name, times[i], bytes[i]))];
    }

    private static Row RowOf(string name, double[] times, double[] bytes) =>
        new(name, new Dictionary<string, Figure> { ["µs"] = Figure.Absolute("µs", times), ["bytes"] = Figure.Lower("bytes", bytes) });

    private static IEnumerable<T[]> Chunks<T>(List<T> part) => part.Chunk((part.Count + Rounds - 1) / Rounds);

    private static double Median(double[] times) => times.Order().ElementAt(times.Length / 2);

    private static double[] Sum(List<double[]> parts) => [.. parts[0].Select((_, round) => parts.Sum(p => p[round]))];
}
