namespace DeployGuard.Core.Changes;

/// <summary>How many pods of a revision were last seen in a pool.</summary>
/// <param name="Pods">The most pods recently.</param>
/// <param name="At">When there were last so many pods.</param>
/// <param name="IsPresent">There are still so many; <paramref name="At"/> is the time of the last change.</param>
public sealed record ServedPool(string Pool, int Pods, DateTimeOffset At, bool IsPresent = false)
{
    /// <summary>The most pods ever desired there: a rollback may use as many. 0 if they were not counted.</summary>
    public int MaxPods { get; init; }

    /// <summary>It was there only while it was unproven in this pool.</summary>
    public bool WasOnlyUnproven { get; init; }

    /// <summary><see cref="Service.SelectorText"/> of the Service; empty for a workload behind none.</summary>
    public string Selector { get; init; } = "";

    /// <summary>Addresses of the Service, separated by commas: its users may still use them later.</summary>
    public string Addresses { get; init; } = "";

    /// <summary>
    /// The record after its workload runs another revision: the pool stays, so that a rollback is possible. The number is dropped, because
    /// an autoscaler may never return to it.
    /// </summary>
    public ServedPool WithoutPods(DateTimeOffset now) => this with { Pods = 0, At = IsPresent ? now : At, IsPresent = false };

    /// <summary>Whether there were so many pods within the last <paramref name="window"/>.</summary>
    public bool IsWithin(TimeSpan window, DateTimeOffset now) => IsPresent || now - At < window;

    /// <summary>The record after so many pods are observed; the same instance if nothing changed.</summary>
    public ServedPool Seeing(int pods, TimeSpan window, DateTimeOffset now) =>
        pods > Pods || (!IsPresent && pods > 0 && pods == Pods) ? this with { Pods = pods, At = now, IsPresent = true }
        : IsPresent && pods < Pods ? this with { At = now, IsPresent = false }
        : !IsPresent && pods > 0 && now - At >= window ? this with { Pods = pods, At = now, IsPresent = true }
        : this;
}
