using System.Diagnostics;
using System.Globalization;

namespace DeployGuard.Benchmarks;

/// <summary>Time and allocated bytes of the parts of one operation, which run one after another on one thread.</summary>
internal sealed class Parts
{
    private readonly List<string> _names = [];
    private readonly List<List<double>> _times = [];
    private readonly List<long> _bytes = [];
    private long _started;
    private long _allocated;
    private int _part;
    private int _rounds;

    /// <summary>Begins an operation.</summary>
    public void Begin()
    {
        (_part, _rounds) = (0, _rounds + 1);
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
            _bytes.Add(0);
        }

        _times[_part].Add(took);
        _bytes[_part] += bytes;
        _part++;
        _allocated = GC.GetAllocatedBytesForCurrentThread();
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>Forgets what was measured: it was the warm-up.</summary>
    public void Forget()
    {
        _rounds = 0;
        _times.ForEach(t => t.Clear());
        for (var i = 0; i < _bytes.Count; i++)
        {
            _bytes[i] = 0;
        }
    }

    /// <summary>The median of each part, which other programs on the machine disturb little, and the mean of the bytes.</summary>
    public void Print(string title)
    {
        Console.WriteLine($"{title, -58} {"us", 8} {"bytes", 9}");
        var (time, bytes) = (0.0, 0.0);
        for (var i = 0; i < _names.Count; i++)
        {
            _times[i].Sort();
            var (median, mean) = (_times[i][_times[i].Count / 2], (double)_bytes[i] / _rounds);
            (time, bytes) = (time + median, bytes + mean);
            Row(_names[i], median, mean);
        }

        Row("all", time, bytes);
    }

    private static void Row(string name, double time, double bytes) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name, -56} {time, 8:0.0} {bytes, 9:0}"));
}
