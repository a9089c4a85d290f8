using System.Globalization;

namespace DeployGuard.Webhook.Admission;

/// <summary>The one deadline of an admission call: the timeout of the API server, less the time for the way back.</summary>
internal static class Deadline
{
    private static readonly TimeSpan s_default = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_maxTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_reserve = TimeSpan.FromMilliseconds(300);

    /// <summary>Reads <c>?timeout=3s</c>, which the API server adds to the URL; it is at least 100 ms and at most 30 s.</summary>
    public static TimeSpan Of(HttpRequest request)
    {
        var timeout = s_default;
        if (
            request.Query["timeout"] is [{ Length: > 1 } text]
            && text.EndsWith('s')
            && double.TryParse(
                text.AsSpan(0, text.Length - 1),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var seconds
            )
            && seconds > 0
            && seconds <= s_maxTimeout.TotalSeconds
        )
        {
            timeout = TimeSpan.FromSeconds(seconds);
        }

        var left = timeout - s_reserve;
        return left > TimeSpan.FromMilliseconds(100) ? left : TimeSpan.FromMilliseconds(100);
    }
}
