using System.Collections.Concurrent;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>
/// Why more pods may serve than a step allows. The list is closed; each exception is counted and printed with the result.
/// </summary>
internal enum Excepted
{
    /// <summary>No proven pod serves there, now or recently: the first deployment of a service.</summary>
    ColdPool,

    /// <summary>Back to a revision that completed.</summary>
    Rollback,

    /// <summary>A break-glass was used.</summary>
    BreakGlass,

    /// <summary>Its revision has completed every step there.</summary>
    AllStepsHeld,

    /// <summary>Fewer proven pods beside unproven ones: never refused.</summary>
    FewerProven,

    /// <summary>As many pods as the same revision had there recently, or the same share of its users.</summary>
    ServedBefore,

    /// <summary>A pod that it does not own was deleted, whose name kept a StatefulSet from creating its own.</summary>
    NameFreed,

    /// <summary>A Service that was created again unchanged.</summary>
    ServiceCreatedAgain,
}

/// <summary>Counts of events in all simulated namespaces.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public void Add(string what) => _counts.AddOrUpdate(what, 1, static (_, n) => n + 1);

    public void Add(Excepted what) => Add($"excepted: {what}");

    public int this[string what] => _counts.GetValueOrDefault(what);

    public override string ToString() =>
        string.Join("\n", _counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Value, 9} {c.Key}"));
}
