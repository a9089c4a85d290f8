namespace DeployGuard.Core.Changes;

/// <summary>How many pods of a revision were last seen in a pool.</summary>
/// <param name="Pods">The most of late.</param>
/// <param name="At">When there were last so many.</param>
/// <param name="IsPresent">They still are: the time is that of the last change.</param>
public sealed record ServedPool(string Pool, int Pods, DateTimeOffset At, bool IsPresent = false)
{
    /// <summary>The most ever desired there; a rollback there is as wide as that. 0 where nobody counted.</summary>
    public int Most { get; init; }

    /// <summary>It was only seen there while it had proven nothing to these users.</summary>
    public bool IsTrial { get; init; }

    /// <summary><see cref="Service.SelectorText"/> of the Service; empty for a workload behind none.</summary>
    public string Selector { get; init; } = "";

    /// <summary>Addresses of the Service, separated by commas: its users may know them.</summary>
    public string Addresses { get; init; } = "";

    /// <summary>
    /// What to remember once its workload runs another revision: whom it served, which keeps the way back open. The number is dropped,
    /// since an autoscaler may not come back to it.
    /// </summary>
    public ServedPool WithoutPods(DateTimeOffset now) => this with { Pods = 0, At = IsPresent ? now : At, IsPresent = false };

    /// <summary>There were so many within the last <paramref name="window"/>.</summary>
    public bool IsWithin(TimeSpan window, DateTimeOffset now) => IsPresent || now - At < window;

    /// <summary>What to remember when so many are seen now; the same where nothing changed.</summary>
    public ServedPool Seeing(int pods, TimeSpan window, DateTimeOffset now) =>
        pods > Pods || (!IsPresent && pods > 0 && pods == Pods) ? this with { Pods = pods, At = now, IsPresent = true }
        : IsPresent && pods < Pods ? this with { At = now, IsPresent = false }
        : !IsPresent && pods > 0 && now - At >= window ? this with { Pods = pods, At = now, IsPresent = true }
        : this;
}
