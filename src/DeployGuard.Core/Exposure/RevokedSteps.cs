using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// A rejection revokes the held steps of a revision in every workload that ran it: steps held by the same images in another workload count
/// for it too, and would count again as soon as the veto ends.
/// </summary>
public static class RevokedSteps
{
    /// <summary>Names of the policies under which a Change holds no step, because its revision was rejected.</summary>
    /// <param name="vetoed">All Changes of the namespace that have a veto now.</param>
    public static IReadOnlySet<string> Of(Change change, IReadOnlyList<Change> vetoed, IReadOnlyList<SafeguardPolicy> policies) =>
        vetoed.Count == 0
            ? new HashSet<string>()
            : policies
                .Where(p => p.Canary is { } rules && vetoed.Any(v => KeyOf(v, rules) == KeyOf(change, rules)))
                .Select(p => p.Name)
                .ToHashSet();

    private static string KeyOf(Change change, CanaryRules rules) => RevisionKey.Of(rules.Covers, change);
}
