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
