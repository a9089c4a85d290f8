using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>
/// Which rollouts are in flight: admitted, and not completed yet. Pure, so that the replicas and the leader count the same.
/// </summary>
public static class InFlight
{
    /// <summary>
    /// An admitted rollout that is not seen running by then was not stored by the API server, and takes no place in the budget.
    /// </summary>
    public static readonly TimeSpan VisibleWithin = TimeSpan.FromSeconds(30);

    /// <param name="live">The observed workload; null if there is none.</param>
    /// <param name="isAtRest">Its rollout is paused, stopped at a partition, or past its deadline: it makes no progress.</param>
    public static bool Holds(Change change, Observation? live, bool isAtRest, TimeSpan hangAfter, DateTimeOffset now) =>
        IsUnderWay(change, live, isAtRest, now) && !Hangs(change, hangAfter, now);

    /// <summary>Whether it has been in flight for so long that it lost its place. The message to waiting requesters names it.</summary>
    public static bool IsHanging(Change change, Observation? live, bool isAtRest, TimeSpan hangAfter, DateTimeOffset now) =>
        IsUnderWay(change, live, isAtRest, now) && Hangs(change, hangAfter, now);

    private static bool IsUnderWay(Change change, Observation? live, bool isAtRest, DateTimeOffset now)
    {
        var runs = live?.Runs(change.TemplateHash) is true;
        return change.Workload.Type.RollsOut
            && !(runs && (live is { IsComplete: true } || isAtRest))
            && change.Phase switch
            {
                // The leader may be late to record that it runs, and the workload's controller may be late to begin.
                Phase.Admitted => now - change.LastRequestedAt < VisibleWithin || live?.TemplateHash == change.TemplateHash,
                // A replica's caches may lag behind those of the leader, so only the leader ends it.
                Phase.Running => true,
                _ => false,
            };
    }

    private static bool Hangs(Change change, TimeSpan hangAfter, DateTimeOffset now) => now - change.Since >= hangAfter;
}

/// <summary>The rollouts in a policy's budget, without the requested one.</summary>
/// <param name="Rollouts">Those in flight.</param>
/// <param name="Hanging">Rollouts that lost their place because they take too long.</param>
public sealed record BudgetUse(IReadOnlyList<WorkloadRef> Rollouts, IReadOnlyList<WorkloadRef> Hanging)
{
    public bool IsExhausted(BudgetRules rules) => Rollouts.Count >= rules.MaxRollouts;
}
