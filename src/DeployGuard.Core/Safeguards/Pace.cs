using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Pools;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses a rollout in place that would replace more pods at once, or sooner, than an unproven revision may reach.</summary>
internal sealed class Pace : ISafeguard
{
    public string Name => "Pace";

    public IEnumerable<Finding> Inspect(Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now) =>
        Exposure.Of(change, policy, view, now).Where(j => j is { IsRefused: true, InPlace: not null }).OrderBy(j => j.Cap).ThenBy(j => j.Total).Take(1)
            .Select(j => TooFast(j, change, policy, view, now));

    private static Finding TooFast(Judged pool, Change change, SafeguardPolicy policy, ClusterView view, DateTimeOffset now)
    {
        var (after, bound) = change is { After: { } workload } && pool.InPlace is { } found ? (workload with { Replicas = pool.Asked }, found) : throw new InvalidOperationException("the change is not in place");
        var faults = bound.Faults.Count == 0 ? "" : $". In place, policy allows {bound.MostAtOnce} at once: {string.Join("; ", bound.Faults)}";
        var none = pool.LeavesNoneProven && !pool.IsOver ? ", and no proven pod would be left" : "";
        return new Finding(Reasons.PaceTooFast, "spec.strategy", $"{CanaryMessage.Of(pool, change, view.Serving, now)}{none}{faults}", CanaryRemedy.InPlace(pool, change, after, policy, view, now));
    }
}
