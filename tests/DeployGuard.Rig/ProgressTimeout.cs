using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>
/// A timeout that follows progress instead of the clock: it starts again whenever the observed state has changed, and time on an overloaded
/// machine counts less. It always expires in the end.
/// </summary>
internal sealed class ProgressTimeout(TimeSpan limit)
{
    private const int MaxTimes = 3;

    private static readonly TimeSpan s_longestPause = TimeSpan.FromMilliseconds(500);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _seenAt;
    private TimeSpan _still;
    private TimeSpan _pause = TimeSpan.FromMilliseconds(100);
    private string _seen = "";

    public bool IsExpired => _still > limit || _clock.Elapsed > limit * MaxTimes;

    /// <summary>The time waited, for the timeout message.</summary>
    public string Waited =>
        $"not after {_clock.Elapsed.TotalSeconds:0} s; without a change, on an idle machine, "
        + $"{_still.TotalSeconds:0} s of {limit.TotalSeconds:0} s";

    /// <summary>Records the current state.</summary>
    public void Observe(string state)
    {
        var now = _clock.Elapsed;
        _still = state == _seen ? _still + ((now - _seenAt) * Machine.CpuShare) : TimeSpan.Zero;
        (_seen, _seenAt) = (state, now);
    }

    /// <summary>Waits before the next check: shortly at first, then longer, because each check may cost a process.</summary>
    public async Task PauseAsync()
    {
        await Task.Delay(_pause);
        _pause = _pause * 1.25 < s_longestPause ? _pause * 1.25 : s_longestPause;
    }
}
