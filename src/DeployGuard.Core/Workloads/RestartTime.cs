using System.Globalization;
using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// The value of a restart annotation. It must be a time and nothing else: to a pod that reads it, any other text would be input.
/// </summary>
public static partial class RestartTime
{
    private static readonly TimeSpan s_close = TimeSpan.FromMinutes(10);

    /// <summary>An RFC 3339 time with at most nine fractional digits.</summary>
    public static bool IsTime(string value) => TryRead(value, out _);

    /// <summary>Whether a restart requested now may have this time: up to ten minutes before or after, because clocks differ.</summary>
    public static bool IsClose(string value, DateTimeOffset now) => TryRead(value, out var time) && (now - time).Duration() <= s_close;

    private static bool TryRead(string value, out DateTimeOffset time)
    {
        time = default;
        return Form().IsMatch(value) && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }

    [GeneratedRegex(
        @"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking
    )]
    private static partial Regex Form();
}
