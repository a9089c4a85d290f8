using System.Globalization;

namespace DeployGuard.Core.Workloads;

/// <summary>Times as Kubernetes writes them, in UTC to the second, so that every text and object has the same form.</summary>
public static class Rfc3339
{
    /// <summary><c>2026-11-28T16:34:31Z</c>; fractions of a second are cut off.</summary>
    public static string Show(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
