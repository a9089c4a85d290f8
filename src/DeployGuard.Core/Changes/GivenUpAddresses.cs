namespace DeployGuard.Core.Changes;

/// <summary>Addresses that a Service had recently and no longer has: users may still use them, whichever pods get them next.</summary>
/// <param name="Pool"><see cref="Pool.Name"/> of the Service.</param>
/// <param name="Selector"><see cref="Service.SelectorText"/> that it had with them.</param>
/// <param name="Addresses">Separated by commas; <c>*</c> if there were more than 64.</param>
/// <param name="At">When the Service lost the last of them.</param>
public sealed record GivenUpAddresses(string Pool, string Selector, string Addresses, DateTimeOffset At)
{
    private const string Any = "*";
    private const int Max = 64;

    /// <summary>Whether one of these addresses is among them.</summary>
    public bool Includes(IReadOnlyList<string> addresses) =>
        addresses.Count > 0 && Addresses.Split(',') is var known && (known.Contains(Any) || addresses.Any(known.Contains));

    /// <summary>The addresses to record for a pool; null for none.</summary>
    /// <param name="known">The recorded addresses so far.</param>
    /// <param name="before">The pool when it was last observed; null if it never was.</param>
    /// <param name="addresses">The current addresses of its Service.</param>
    public static GivenUpAddresses? Next(GivenUpAddresses? known, ServedPool? before, string addresses, TimeSpan window, DateTimeOffset now)
    {
        var has = Split(addresses);
        var gone = Split(before?.Addresses ?? "").Except(has).ToList();
        var kept = known is not null && now - known.At < window ? Split(known.Addresses).Except(has).ToList() : [];
        var all = gone.Union(kept).ToList();
        return all.Count == 0 ? null
            : gone.Count == 0 && known is not null ? known with { Addresses = Join(kept) }
            : new GivenUpAddresses(before?.Pool ?? "", before?.Selector ?? "", Join(all), now);
    }

    private static string[] Split(string addresses) => addresses.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static string Join(List<string> addresses) =>
        addresses.Count > Max || addresses.Contains(Any) ? Any : string.Join(',', addresses);
}
