using System.Globalization;

namespace DeployGuard.Core.Exposure;

/// <summary>One pod as its object and status tell.</summary>
public sealed record LivePod
{
    public string Name { get; init; } = "";

    public string Uid { get; init; } = "";

    /// <summary>Empty until it was scheduled.</summary>
    public string Node { get; init; } = "";

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null while it is not ready.</summary>
    public DateTimeOffset? ReadySince { get; init; }

    /// <summary>The latest start of a container that runs; null where none does.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When a container was last restarted; null if none ever was.</summary>
    public DateTimeOffset? RestartedAt { get; init; }

    public bool IsDeleting { get; init; }

    /// <summary>All of its containers have ended for good: it serves nobody any more.</summary>
    public bool IsFinished { get; init; }

    /// <summary>The number at the end of its name, which StatefulSets give; null where there is none.</summary>
    public int? Ordinal => int.TryParse(Name.AsSpan(Name.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal) ? ordinal : null;

    public bool IsReady => ReadySince is not null && !IsDeleting;

    /// <summary>It serves, or will as soon as it is ready.</summary>
    public bool Counts => !IsDeleting && !IsFinished;

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
