using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Exposure;

/// <summary>The criteria by which a revision becomes proven, under the current policies.</summary>
public static class CanaryPromotion
{
    /// <param name="policies">All policies of the namespace, also inactive ones.</param>
    /// <param name="standings">Of this revision of this workload. A workload without users has no pool, and becomes proven by time.</param>
    public static PromotionCriteria Of(
        Change change,
        IReadOnlyList<SafeguardPolicy> policies,
        IReadOnlyList<PoolStanding> standings,
        DateTimeOffset now
    )
    {
        // An inactive policy requires nothing and has no standings. Waiting for one would keep every revision unproven.
        var asking = policies
            .Where(p =>
                p.Canary is { } canary
                && p.Active.Contains(now)
                && change.Workload.Type.Serves
                && p.Match.IncludesKind(change.Workload.Kind)
                && p.IsRequired(canary.Required, change.Origin)
            )
            .ToList();
        return asking.Count == 0
            ? PromotionCriteria.Time
            : new PromotionCriteria(
                true,
                asking.All(p =>
                    standings.Any(s => s.Policy == p.Name)
                    && standings.Where(s => s.Policy == p.Name).All(s => s.IsProven || s.HoldsAllSteps)
                ),
                asking.Select(p => p.Canary).OfType<CanaryRules>().Max(c => c.Soak)
            );
    }
}
