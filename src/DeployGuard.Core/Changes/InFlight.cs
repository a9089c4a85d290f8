using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>Which rollouts are in flight: let in, and not through yet. Pure, so that a replica and the leader count alike.</summary>
public static class InFlight
{
    /// <summary>What was let in and is not seen running by then was dropped by the API server, and holds no place.</summary>
    public static readonly TimeSpan SeenWithin = TimeSpan.FromSeconds(30);

    /// <summary>Whether workloads of a kind are rolled out; Jobs and single pods run once.</summary>
    public static bool RollsOut(string kind) => kind is "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet" or "ReplicationController";

    /// <param name="live">What is seen of the workload; null where nothing is.</param>
    /// <param name="isAtRest">Its rollout is paused, held at a partition, or was given up: it needs nobody's attention now.</param>
    public static bool Holds(Change change, Observation? live, bool isAtRest, TimeSpan hangAfter, DateTimeOffset now) =>
        IsUnderWay(change, live, isAtRest, now) && !Hangs(change, hangAfter, now);

    /// <summary>It is under way for so long that it gave its place back; whoever waits should know of it.</summary>
    public static bool IsHanging(Change change, Observation? live, bool isAtRest, TimeSpan hangAfter, DateTimeOffset now) =>
        IsUnderWay(change, live, isAtRest, now) && Hangs(change, hangAfter, now);

    private static bool IsUnderWay(Change change, Observation? live, bool isAtRest, DateTimeOffset now)
    {
        var runs = live?.Runs(change.TemplateHash) is true;
        return RollsOut(change.Workload.Kind) && !(runs && (live is { IsComplete: true } || isAtRest)) && change.Phase switch
        {
            // The leader may be slow to say that it runs, and the workload's controller to begin.
            Phase.Admitted => now - change.LastAskedAt < SeenWithin || live?.TemplateHash == change.TemplateHash,
            // A replica may be slow to see what the leader saw: only the leader ends it.
            Phase.Running => true,
            _ => false,
        };
    }

    private static bool Hangs(Change change, TimeSpan hangAfter, DateTimeOffset now) => now - change.Since >= hangAfter;
}

/// <summary>What a policy's budget is spent on, without the rollout that is asked for.</summary>
/// <param name="Rollouts">Those in flight.</param>
/// <param name="Hanging">Those that gave their place back because they take too long.</param>
public sealed record BudgetUse(IReadOnlyList<WorkloadRef> Rollouts, IReadOnlyList<WorkloadRef> Hanging)
{
    public bool IsSpent(BudgetRules rules) => Rollouts.Count >= rules.Most;
}
