namespace DeployGuard.Core.Changes;

/// <summary>Addresses that a Service had until a while ago, and has no more: users may know them, wherever they lead next.</summary>
/// <param name="Pool"><see cref="Pool.Name"/> of the Service.</param>
/// <param name="Selector"><see cref="Service.SelectorText"/> that it had with them.</param>
/// <param name="Addresses">Separated by commas; <c>*</c> where there were more than are kept.</param>
/// <param name="At">When the last of them was given up.</param>
public sealed record GivenUpAddresses(string Pool, string Selector, string Addresses, DateTimeOffset At)
{
    private const string Any = "*";
    private const int Max = 64;

    /// <summary>Whether one of these was among them.</summary>
    public bool Includes(IReadOnlyList<string> addresses) => addresses.Count > 0 && Addresses.Split(',') is var known && (known.Contains(Any) || addresses.Any(known.Contains));

    /// <summary>What is to be remembered of a pool; null for nothing.</summary>
    /// <param name="known">What is remembered so far.</param>
    /// <param name="before">How the pool stood when it was last seen; null if it never was.</param>
    /// <param name="addresses">What its Service has now.</param>
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

    private static string Join(List<string> addresses) => addresses.Count > Max || addresses.Contains(Any) ? Any : string.Join(',', addresses);
}
