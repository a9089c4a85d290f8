using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>
/// How long something is waited for that does not come. It follows progress and not the clock: it starts again whenever what is seen has
/// changed, and a second in which the machine had little room for anybody counts for as little. In the end it is over whatever happens.
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

    /// <summary>How long it was waited, for the message that says it was in vain.</summary>
    public string Waited => $"not after {_clock.Elapsed.TotalSeconds:0} s; without a change, on a machine with room, "
        + $"{_still.TotalSeconds:0} s of {limit.TotalSeconds:0} s";

    /// <summary>Takes note of what is there now.</summary>
    public void Observe(string state)
    {
        var now = _clock.Elapsed;
        _still = state == _seen ? _still + ((now - _seenAt) * Machine.CpuShare) : TimeSpan.Zero;
        (_seen, _seenAt) = (state, now);
    }

    /// <summary>Lets some time pass before the next look: little at first, then longer, because each look may cost a process.</summary>
    public async Task PauseAsync()
    {
        await Task.Delay(_pause);
        _pause = _pause * 1.25 < s_longestPause ? _pause * 1.25 : s_longestPause;
    }
}
