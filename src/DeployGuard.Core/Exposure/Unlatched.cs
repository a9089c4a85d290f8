using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// A Reject takes back what a revision has held, whoever ran it: the same images in another workload held their steps for it too, and would give
/// them back as soon as the veto ends.
/// </summary>
public static class Unlatched
{
    /// <summary>Names of the policies in whose eyes a Change holds no step, because it or its like was rejected.</summary>
    /// <param name="vetoed">All Changes of the namespace that somebody rejects now.</param>
    public static IReadOnlySet<string> Of(Change change, IReadOnlyList<Change> vetoed, IReadOnlyList<SafeguardPolicy> policies) => vetoed.Count == 0 ? new HashSet<string>() : policies
        .Where(p => p.Canary is { } rules && vetoed.Any(v => KeyOf(v, rules) == KeyOf(change, rules)))
        .Select(p => p.Name).ToHashSet();

    private static string KeyOf(Change change, CanaryRules rules) => RevisionKey.Of(rules.Covers, change);
}
