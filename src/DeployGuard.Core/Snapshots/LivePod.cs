using System.Globalization;

namespace DeployGuard.Core.Snapshots;

/// <summary>One pod as its object and status tell. There are thousands of them: times are kept as numbers.</summary>
public sealed record LivePod
{
    /// <summary>In ticks of UTC; 0 for none.</summary>
    private readonly long _createdAt;
    private readonly long _readySince;
    private readonly long _startedAt;
    private readonly long _restartedAt;

    public string Name { get; init; } = "";

    /// <summary>Empty until it was scheduled.</summary>
    public string Node { get; init; } = "";

    public required DateTimeOffset CreatedAt { get => At(_createdAt); init => _createdAt = value.UtcTicks; }

    /// <summary>Null while it is not ready.</summary>
    public DateTimeOffset? ReadySince { get => AtOrNull(_readySince); init => _readySince = value?.UtcTicks ?? 0; }

    /// <summary>The latest start of a container that runs; null where none does.</summary>
    public DateTimeOffset? StartedAt { get => AtOrNull(_startedAt); init => _startedAt = value?.UtcTicks ?? 0; }

    /// <summary>When a container was last restarted; null if none ever was.</summary>
    public DateTimeOffset? RestartedAt { get => AtOrNull(_restartedAt); init => _restartedAt = value?.UtcTicks ?? 0; }

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
    public SoakInterruption? InterruptionOf(TimeSpan soak, DateTimeOffset now) =>
        IsDeleting ? null
        : RestartedAt is { } restarted && now - restarted < soak ? new SoakInterruption(restarted, "restarted")
        : now - CreatedAt >= soak && Age(now) < soak ? new SoakInterruption(now - Age(now), ReadySince is null ? "is not ready" : "lost its readiness")
        : null;

    private static DateTimeOffset At(long ticks) => new(ticks, TimeSpan.Zero);

    private static DateTimeOffset? AtOrNull(long ticks) => ticks == 0 ? null : At(ticks);

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}

/// <summary>Something that makes a soak start again.</summary>
/// <param name="How">What the pod did: <c>restarted</c>.</param>
public sealed record SoakInterruption(DateTimeOffset At, string How);
