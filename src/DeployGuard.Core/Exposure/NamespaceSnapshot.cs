using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;

namespace DeployGuard.Core.Exposure;

/// <summary>Who serves whom in one namespace, and what is on record about it.</summary>
public sealed record NamespaceSnapshot
{
    /// <summary>What it was put together from; null where somebody wrote it down, as tests do.</summary>
    public NamespaceObjects? Objects { get; init; }

    /// <summary>
    /// When what ran was adopted under a policy, by its name. What is unknown and came later is unproven to it; to a policy without an entry, what runs is all
    /// that is known to work.
    /// </summary>
    public IReadOnlyDictionary<string, AdoptedServing> Adopted { get; init; } = new Dictionary<string, AdoptedServing>();

    /// <summary>Another namespace that an ExternalName points to; null where none does, or nobody knows it.</summary>
    public NamespaceSnapshot? Elsewhere { get; init; }

    public IReadOnlyList<Service> Services { get; init; } = [];

    /// <summary>Every workload, and every object that a controller would make and for which no owner stands.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];

    /// <summary>All Changes of the namespace, also of workloads that are gone.</summary>
    public IReadOnlyList<RecordedChange> Changes { get; init; } = [];

    /// <summary>Votes on workloads of the namespace: a veto takes back what a revision has proven.</summary>
    public IReadOnlyList<Approval> Votes { get; init; } = [];

    /// <summary>Nodes that a DaemonSet made now would run on; 0 where nobody counted them.</summary>
    public int Nodes { get; init; }

    /// <summary>What others were let have a moment ago, seen by now or not.</summary>
    public IReadOnlyList<ReachedPods> Reached { get; init; } = [];

    /// <summary>With the Services that others were let turn a moment ago, beside what they are seen to select.</summary>
    internal NamespaceSnapshot WithPendingServices() => Reached.All(r => r.Selector is null) ? this : this with
    {
        Services =
        [
            .. Services,
            .. Reached.Where(r => r.Selector is not null && !Services.Any(s => s.Name == r.Workload.Name && s.SelectorText == r.Selector))
                .Select(r => Service.Selecting(r.Workload.Name, r.Selector ?? "")).DistinctBy(s => (s.Name, s.SelectorText)),
        ],
    };

    /// <summary>Why this is what the caches say, and not what is true now; null where it was read live, or did not have to be.</summary>
    public string? Stale { get; init; }
}

/// <summary>What served in a namespace when a policy adopted it.</summary>
/// <param name="At">When the newest object was made that was there, by the clock of the API server.</param>
/// <param name="Pods">Names of the pods for which no owner stood.</param>
public sealed record AdoptedServing(DateTimeOffset At, IReadOnlySet<string> Pods)
{
    /// <summary>A pod that was given labels since, or let go by its owner, was not among them; nor was one that took the name of one that was.</summary>
    public bool Includes(LivePod pod) => pod.CreatedAt <= At && Pods.Contains(pod.Name);
}

/// <summary>A step that a revision was seen to hold.</summary>
/// <param name="Pool">Whose users it served: <see cref="Pool.Name"/>.</param>
/// <param name="Percent">The highest step held.</param>
public sealed record HeldStep(string Policy, string Pool, int Percent, DateTimeOffset At);

/// <summary>How many pods of a revision were last seen in a pool.</summary>
/// <param name="Pods">The most of late.</param>
/// <param name="At">When there were last so many.</param>
/// <param name="IsPresent">They still are: the time is that of the last change.</param>
public sealed record Served(string Pool, int Pods, DateTimeOffset At, bool IsPresent = false)
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
    public Served WithoutPods(DateTimeOffset now) => this with { Pods = 0, At = IsPresent ? now : At, IsPresent = false };

    /// <summary>There were so many within the last <paramref name="window"/>.</summary>
    public bool IsWithin(TimeSpan window, DateTimeOffset now) => IsPresent || now - At < window;

    /// <summary>What to remember when so many are seen now; the same where nothing changed.</summary>
    public Served Seeing(int pods, TimeSpan window, DateTimeOffset now) =>
        pods > Pods || (!IsPresent && pods > 0 && pods == Pods) ? this with { Pods = pods, At = now, IsPresent = true }
        : IsPresent && pods < Pods ? this with { At = now, IsPresent = false }
        : !IsPresent && pods > 0 && now - At >= window ? this with { Pods = pods, At = now, IsPresent = true }
        : this;
}
