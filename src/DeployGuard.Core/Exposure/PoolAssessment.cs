using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>How one pool would stand after a request.</summary>
internal sealed record PoolAssessment
{
    public required Pool Pool { get; init; }

    /// <summary>Desired pods; where no proven one is left, at least as many as there were.</summary>
    public required int Total { get; init; }

    /// <summary>Pods of all unproven revisions.</summary>
    public required int Unproven { get; init; }

    public required IReadOnlyList<UnprovenPods> Revisions { get; init; }

    public required CanaryRules Rules { get; init; }

    /// <summary>The fewest steps held among the revisions that are raised.</summary>
    public required StepProgress Held { get; init; }

    /// <summary>Nothing proven is there, nor was within the policy's <c>coldAfter</c>: the first deploy of a service.</summary>
    public required bool IsCold { get; init; }

    /// <summary>The request raises the pods of an unproven revision.</summary>
    public required bool IsRaised { get; init; }

    /// <summary>Desired pods of the workload that is asked about; 0 where the request is about none.</summary>
    public required int Asked { get; init; }

    /// <summary>Keys of the unproven revisions that are raised.</summary>
    public required IReadOnlyList<string> Raised { get; init; }

    /// <summary>Pods of the raised revisions that the request adds, or may.</summary>
    public required IReadOnlyList<UnprovenPods> Raises { get; init; }

    /// <summary>How a change in place stands against the pace; null where the request is none.</summary>
    public PaceBound? InPlace { get; init; }

    /// <summary>Pods of a conforming batch of the workload itself; 0 where it does not conform.</summary>
    public required int OwnBatch { get; init; }

    /// <summary>A change in place that does not conform, with no proven pod left beside it.</summary>
    public required bool LeavesNoneProven { get; init; }

    /// <summary>The proven pods whose place is taken, where none would be left.</summary>
    public ServedPool? Replaced { get; init; }

    /// <summary>Why nobody can tell what the pool's users would reach; null where it can be told.</summary>
    public Unseen? Unseen { get; init; }

    /// <summary>The port of the Service whose users these are: <c>80/TCP</c>; empty where it makes no difference.</summary>
    public string Port { get; init; } = "";

    /// <summary>Which of its users these are, where not all reach the same pods: those of a node.</summary>
    public string Node { get; init; } = "";

    /// <summary>The pool had users before the request. False only for a new Service under a name and address that no Service had before.</summary>
    public bool HasUsers { get; init; } = true;

    /// <summary>Pods that every step allows, however small the pool is.</summary>
    public int LeastCap { get; init; } = 1;

    /// <summary>Percent of the pool that the step allows.</summary>
    public int Share => Rules.ShareAfter(Held.Steps);

    /// <summary>Pods that the step allows.</summary>
    public int Cap => Share == 100 ? Total : Math.Max(LeastCap, (int)((long)Total * Share / 100));

    public bool IsOver => !IsCold && Unproven > Math.Max(Cap, OwnBatch);

    public bool IsRefused => !IsCold && (Unseen is not null || (IsRaised && IsOver) || (LeavesNoneProven && Share < 100));
}

/// <summary>Why nobody can tell what users would reach, and what would pass instead.</summary>
/// <param name="What">As a message says it, without a full stop.</param>
internal sealed record Unseen(string What, string Remedy)
{
    /// <param name="where">Whose users they are: <see cref="Pool.Where"/>.</param>
    public static Unseen Elsewhere(string where, string why) => new(
        $"users {where} would be sent elsewhere, and {why}", "Point it to a Service of this namespace, or make another Service for new users");

    public static Unseen Yet(string where, WorkloadRef asked) => new(
        $"users {where} would be sent elsewhere, and what {asked.KubectlName} was let have a moment ago cannot be seen there yet", "Ask again in ten seconds");

    public static Unseen OfPort(string where, string port) => new(
        $"users {where} who come by port {port} would reach only pods that are unproven", "Keep the port until the other revision has proven itself");

    public static Unseen OfJobs(string where) => new(
        $"Jobs may overlap, so the number of pods {where} is unknown", "Set spec.concurrencyPolicy to Forbid or Replace, or give the pods labels that no Service selects");
}
