using System.Collections.Concurrent;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>Why more may serve than a step allows. The list is closed; each is counted, and told with the result.</summary>
internal enum Excepted
{
    /// <summary>Nothing proven serves there, nor did of late: the first deploy of a service.</summary>
    ColdPool,

    /// <summary>Back to a revision that completed.</summary>
    Rollback,

    /// <summary>Somebody broke the glass.</summary>
    BreakGlass,

    /// <summary>Its revision has held every step there.</summary>
    AllStepsHeld,

    /// <summary>Fewer proven pods beside what is unproven: never refused.</summary>
    FewerProven,

    /// <summary>As many as the same revision served there of late, or the same share of its users.</summary>
    ServedBefore,

    /// <summary>A pod that it does not own was deleted, whose name kept a StatefulSet from making its own.</summary>
    NameFreed,

    /// <summary>A Service that was made again as it was.</summary>
    ServiceCreatedAgain,
}

/// <summary>What happened in all worlds together.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public void Add(string what) => _counts.AddOrUpdate(what, 1, static (_, n) => n + 1);

    public void Add(Excepted what) => Add($"excepted: {what}");

    public int this[string what] => _counts.GetValueOrDefault(what);

    public override string ToString() =>
        string.Join("\n", _counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Value, 9} {c.Key}"));
}
