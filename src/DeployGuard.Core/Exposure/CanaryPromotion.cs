using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Exposure;

/// <summary>What it takes to prove a revision, by the policies as they are now.</summary>
public static class CanaryPromotion
{
    /// <param name="policies">Of the namespace, also those that are not active.</param>
    /// <param name="standings">Of this revision of this workload. What serves nobody has no pool, and proves itself by time.</param>
    public static PromotionCriteria Of(Change change, IReadOnlyList<SafeguardPolicy> policies, IReadOnlyList<PoolStanding> standings, DateTimeOffset now)
    {
        // One that is not active asks for nothing, and has no standings: waited for, nothing would come to be proven until it is.
        var asking = policies.Where(p => p.Canary is { } canary
            && p.Active.Contains(now)
            && change.Workload.Type.Serves
            && p.Match.IncludesKind(change.Workload.Kind)
            && p.IsRequired(canary.Required, change.Origin)).ToList();
        return asking.Count == 0 ? PromotionCriteria.Time : new PromotionCriteria(
            true,
            asking.All(p => standings.Any(s => s.Policy == p.Name) && standings.Where(s => s.Policy == p.Name).All(s => s.IsProven || s.HoldsAllSteps)),
            asking.Select(p => p.Canary).OfType<CanaryRules>().Max(c => c.Soak));
    }
}
