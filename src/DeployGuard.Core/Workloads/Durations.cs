using System.Globalization;
using System.Text;

namespace DeployGuard.Core.Workloads;

/// <summary>Durations in the Kubernetes form, in whole hours, minutes and seconds: <c>1h30m</c>.</summary>
public static class Durations
{
    /// <summary>Accepts units in descending order, each at most once, and at least one. The sum must be under 100 years.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var rest = text.AsSpan();
        long seconds = 0;
        foreach (var (unit, worth) in (ReadOnlySpan<(char, int)>)[('h', 3600), ('m', 60), ('s', 1)])
        {
            var end = rest.IndexOf(unit);
            if (end < 0)
            {
                continue;
            }

            if (!int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                return false;
            }

            seconds += (long)count * worth;
            rest = rest[(end + 1)..];
        }

        if (rest.Length > 0 || text.Length == 0 || seconds > 100L * 365 * 24 * 3600)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    /// <summary>A wait as people plan it, rounded up: <c>4m10s, at 12:31:05 UTC</c>; with the date if that is another day.</summary>
    public static string ShowUntil(DateTimeOffset end, DateTimeOffset now) => $"{Show(RoundUp(end - now))}, at {Time(end, now)}";

    /// <summary>The same for "wait ..., then": <c>4m10s, until 12:31:05 UTC</c>.</summary>
    public static string ShowWait(TimeSpan wait, DateTimeOffset now) => $"{Show(RoundUp(wait))}, until {Time(now + wait, now)}";

    /// <summary>People who wait for a time that was cut off would be refused again.</summary>
    private static TimeSpan RoundUp(TimeSpan wait) => TimeSpan.FromSeconds(Math.Ceiling(wait.TotalSeconds));

    private static string Time(DateTimeOffset at, DateTimeOffset now)
    {
        var (shown, today) = (at.UtcDateTime.AddTicks(TimeSpan.TicksPerSecond - 1), now.UtcDateTime.Date);
        return shown.ToString(shown.Date == today ? "HH:mm:ss 'UTC'" : "yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
    }

    /// <summary>The shortest form: <c>72h</c>, <c>1h30m</c>, <c>10m</c>, <c>0s</c>. Fractions of a second are cut off.</summary>
    public static string Show(TimeSpan duration)
    {
        var text = new StringBuilder();
        Append((long)duration.TotalHours, 'h');
        Append(duration.Minutes, 'm');
        Append(duration.Seconds, 's');
        return text.Length == 0 ? "0s" : text.ToString();

        void Append(long count, char unit)
        {
            if (count > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
            }
        }
    }
}
