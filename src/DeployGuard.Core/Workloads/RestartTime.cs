using System.Globalization;
using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// The value of a restart annotation. It says when, and nothing else: where a pod reads it, any other text would be input to the pod.
/// </summary>
public static partial class RestartTime
{
    private static readonly TimeSpan s_close = TimeSpan.FromMinutes(10);

    /// <summary>A time as RFC 3339 writes it, with at most nine digits of a second.</summary>
    public static bool IsTime(string value) => TryRead(value, out _);

    /// <summary>Whether a restart that is asked for now can have this time: ten minutes either way, for clocks that differ.</summary>
    public static bool IsClose(string value, DateTimeOffset now) => TryRead(value, out var time) && (now - time).Duration() <= s_close;

    private static bool TryRead(string value, out DateTimeOffset time)
    {
        time = default;
        return Form().IsMatch(value) && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }

    [GeneratedRegex(
        @"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
