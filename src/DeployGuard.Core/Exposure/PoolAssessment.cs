using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>How one pool would stand after a request.</summary>
internal sealed record PoolAssessment
{
    public required Pool Pool { get; init; }

    /// <summary>Desired pods; if no proven pod is left, at least as many as before.</summary>
    public required int Total { get; init; }

    /// <summary>Pods of all unproven revisions.</summary>
    public required int Unproven { get; init; }

    public required IReadOnlyList<UnprovenPods> Revisions { get; init; }

    public required CanaryRules Rules { get; init; }

    /// <summary>The fewest steps held among the revisions that are raised.</summary>
    public required StepProgress Held { get; init; }

    /// <summary>No proven pod exists, and none did within the policy's <c>coldAfter</c>: the first deploy of a service.</summary>
    public required bool IsCold { get; init; }

    /// <summary>The request raises the pods of an unproven revision.</summary>
    public required bool IsRaised { get; init; }

    /// <summary>Desired pods of the requested workload; 0 if the request changes none.</summary>
    public required int Asked { get; init; }

    /// <summary>Keys of the unproven revisions that are raised.</summary>
    public required IReadOnlyList<string> Raised { get; init; }

    /// <summary>Pods of the raised revisions that the request adds, or may.</summary>
    public required IReadOnlyList<UnprovenPods> Raises { get; init; }

    /// <summary>A change in place compared with the pace; null if the request is not one.</summary>
    public PaceBound? InPlace { get; init; }

    /// <summary>Pods of a conforming batch of the workload itself; 0 if it does not conform.</summary>
    public required int OwnBatch { get; init; }

    /// <summary>A change in place that does not conform, with no proven pod left beside it.</summary>
    public required bool LeavesNoneProven { get; init; }

    /// <summary>The proven pods that are replaced; null unless none would be left.</summary>
    public ReplacedPods? Replaced { get; init; }

    /// <summary>Set if the pods that the pool's users would reach cannot be determined.</summary>
    public UnknownExposure? UnknownExposure { get; init; }

    /// <summary>The port of the Service whose users these are: <c>80/TCP</c>; empty if it makes no difference.</summary>
    public string Port { get; init; } = "";

    /// <summary>The group of users, if not all reach the same pods: those of a node.</summary>
    public string Node { get; init; } = "";

    /// <summary>
    /// The pool had users before the request. False only for a new Service under a name and address that no Service had before.
    /// </summary>
    public bool HasUsers { get; init; } = true;

    /// <summary>Pods that every step allows, however small the pool is.</summary>
    public int LeastCap { get; init; } = 1;

    /// <summary>Percent of the pool that the step allows.</summary>
    public int Share => Rules.ShareAfter(Held.Steps);

    /// <summary>Pods that the step allows.</summary>
    public int Cap => Share == 100 ? Total : Math.Max(LeastCap, (int)((long)Total * Share / 100));

    public bool IsOver => !IsCold && Unproven > Math.Max(Cap, OwnBatch);

    public bool IsRefused => !IsCold && (UnknownExposure is not null || (IsRaised && IsOver) || (LeavesNoneProven && Share < 100));
}

/// <summary>Why the pods that users would reach are unknown, and which request would pass instead.</summary>
/// <param name="Message">Without a full stop.</param>
internal sealed record UnknownExposure(string Message, string Remedy)
{
    /// <param name="where">The pool of these users: <see cref="Pool.Where"/>.</param>
    public static UnknownExposure Elsewhere(string where, string why) =>
        new(
            $"users {where} would be redirected: {why}",
            "Point it to a Service of this namespace, or create another Service for new users"
        );

    public static UnknownExposure Yet(string where, WorkloadRef asked) =>
        new(
            $"users {where} would be redirected: the pods just admitted for {asked.KubectlName} are not visible there yet",
            "Retry in 10 seconds"
        );

    public static UnknownExposure OfPort(string where, string port) =>
        new($"users of port {port} {where} would reach only unproven pods", "Keep the port until the other revision is proven");

    public static UnknownExposure OfJobs(string where) =>
        new(
            $"Jobs may overlap, so the number of pods {where} is unknown",
            "Set spec.concurrencyPolicy to Forbid or Replace, or give the pods labels that no Service selects"
        );
}
