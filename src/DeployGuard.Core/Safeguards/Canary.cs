using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Pools;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses what would let an unproven revision reach more of a pool's pods than the steps that it has held allow.</summary>
internal sealed class Canary : ISafeguard
{
    public string Name => "Canary";

    public IEnumerable<Finding> Inspect(Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        // The tightest pool answers; what another one wants is met with it, or said next time.
        var judged = Exposure.Of(change, policy, view, now);
        return judged.Where(j => j is { IsRefused: true, InPlace: null }).OrderBy(j => j.Cap).ThenBy(j => j.Total).Take(1)
            .Select(j => new Finding(Reasons.CanaryMissing, "", CanaryMessage.Of(j, change, view.Serving, now), CanaryRemedy.Of(j, change, policy, view, now)));
    }

    /// <summary>What fewer proven pods beside them make of the unproven ones: never refused, but the next increase is.</summary>
    public static IEnumerable<Finding> Warn(Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now) =>
        Exposure.Of(change, policy, view, now).Where(j => j is { IsOver: true, Unproven: > 0 }).OrderBy(j => j.Cap).Take(1)
            .Select(j => new Finding(Reasons.CanaryMissing, "", CanaryMessage.Of(j, change, view.Serving, now), "The next increase would be refused"));
}
