using System.Globalization;

namespace DeployGuard.Core.Snapshots;

/// <summary>One observed pod. There may be thousands, so times are stored as numbers.</summary>
public sealed record LivePod
{
    /// <summary>UTC ticks; 0 for none.</summary>
    private readonly long _createdAt;
    private readonly long _readySince;
    private readonly long _startedAt;
    private readonly long _restartedAt;

    public string Name { get; init; } = "";

    /// <summary>Empty until the pod is scheduled.</summary>
    public string Node { get; init; } = "";

    public required DateTimeOffset CreatedAt
    {
        get => At(_createdAt);
        init => _createdAt = value.UtcTicks;
    }

    /// <summary>Null while it is not ready.</summary>
    public DateTimeOffset? ReadySince
    {
        get => AtOrNull(_readySince);
        init => _readySince = value?.UtcTicks ?? 0;
    }

    /// <summary>The latest start of a running container; null if none runs.</summary>
    public DateTimeOffset? StartedAt
    {
        get => AtOrNull(_startedAt);
        init => _startedAt = value?.UtcTicks ?? 0;
    }

    /// <summary>The latest restart of a container; null if there was none.</summary>
    public DateTimeOffset? RestartedAt
    {
        get => AtOrNull(_restartedAt);
        init => _restartedAt = value?.UtcTicks ?? 0;
    }

    public bool IsDeleting { get; init; }

    /// <summary>All of its containers have terminated for good.</summary>
    public bool IsFinished { get; init; }

    /// <summary>The ordinal at the end of its name, as StatefulSets assign it; null if there is none.</summary>
    public int? Ordinal =>
        int.TryParse(Name.AsSpan(Name.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            ? ordinal
            : null;

    public bool IsReady => ReadySince is not null && !IsDeleting;

    /// <summary>It serves, or will when it becomes ready.</summary>
    public bool IsActive => !IsDeleting && !IsFinished;

    /// <summary>How long it has been ready without interruption. A time in the future counts as now, because node clocks differ.</summary>
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
    /// The event that interrupts a soak ending now; null if there is none. A pod created within the window is neutral until it restarts,
    /// and so is a pod in deletion: draining a node must not restart a long soak.
    /// </summary>
    public SoakInterruption? InterruptionOf(TimeSpan soak, DateTimeOffset now) =>
        IsDeleting ? null
        : RestartedAt is { } restarted && now - restarted < soak ? new SoakInterruption(restarted, "restarted")
        : now - CreatedAt >= soak && Age(now) < soak
            ? new SoakInterruption(now - Age(now), ReadySince is null ? "is not ready" : "lost its readiness")
        : null;

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);

    private static DateTimeOffset? AtOrNull(long ticks) => ticks == 0 ? null : At(ticks);

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

/// <summary>An event that restarts a soak.</summary>
/// <param name="How">The event, as messages say it: <c>restarted</c>.</param>
public sealed record SoakInterruption(DateTimeOffset At, string How);
