using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>One pod of a revision that is to prove itself, as its status tells.</summary>
public sealed record LivePod
{
    /// <summary>The workload that it was made for.</summary>
    public required WorkloadRef Owner { get; init; }

    /// <summary>Of the revision by which its owner made it; never told by the pod's own images.</summary>
    public required string TemplateHash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null while it is not ready.</summary>
    public DateTimeOffset? ReadySince { get; init; }

    /// <summary>The latest start of a container that runs; null where none does.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When a container was last restarted; null if none ever was.</summary>
    public DateTimeOffset? RestartedAt { get; init; }

    public bool IsDeleting { get; init; }

    /// <summary>How long it has served without a break. Times in the future count as now: clocks of nodes drift.</summary>
    public TimeSpan Age(DateTimeOffset now)
    {
        if (IsDeleting || ReadySince is not { } ready)
        {
            return TimeSpan.Zero;
        }

        var since = Latest(Latest(ready, StartedAt ?? ready), CreatedAt);
        return since >= now ? TimeSpan.Zero : now - since;
    }

    /// <summary>
    /// What broke the soak that ends now; null if nothing did. A pod made within the window is neutral until it restarts, and so is one
    /// that is being deleted: a drained node must not start a day's soak again.
    /// </summary>
    public Break? BrokenBy(TimeSpan soak, DateTimeOffset now) =>
        IsDeleting ? null
        : RestartedAt is { } restarted && now - restarted < soak ? new Break(restarted, "restarted")
        : now - CreatedAt >= soak && Age(now) < soak ? new Break(now - Age(now), ReadySince is null ? "is not ready" : "lost its readiness")
        : null;

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

/// <summary>Something that makes a soak start again.</summary>
/// <param name="How">What the pod did: <c>restarted</c>.</param>
public sealed record Break(DateTimeOffset At, string How);
