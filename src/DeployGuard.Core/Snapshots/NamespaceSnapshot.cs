using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Who serves whom in one namespace, and what is on record about it.</summary>
public sealed record NamespaceSnapshot
{
    /// <summary>What it was put together from; null where somebody wrote it down, as tests do.</summary>
    public NamespaceObjects? Objects { get; init; }

    /// <summary>
    /// When what ran was adopted under a policy, by its name. What is unknown and came later is unproven to it; to a policy without an entry, what runs is all
    /// that is known to work.
    /// </summary>
    public IReadOnlyDictionary<string, AdoptedPods> Adopted { get; init; } = new Dictionary<string, AdoptedPods>();

    /// <summary>Another namespace that an ExternalName points to; null where none does, or nobody knows it.</summary>
    public NamespaceSnapshot? Elsewhere { get; init; }

    public IReadOnlyList<Service> Services { get; init; } = [];

    /// <summary>Every workload, and every object that a controller would make and for which no owner stands.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];

    /// <summary>All Changes of the namespace, also of workloads that are gone.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    /// <summary>Votes on workloads of the namespace: a veto takes back what a revision has proven.</summary>
    public IReadOnlyList<Approval> Votes { get; init; } = [];

    /// <summary>Nodes that a DaemonSet made now would run on; 0 where nobody counted them.</summary>
    public int Nodes { get; init; }

    /// <summary>What others were let have a moment ago, seen by now or not.</summary>
    public IReadOnlyList<PendingExposure> PendingExposures { get; init; } = [];

    /// <summary>With the Services that others were let turn a moment ago, beside what they are seen to select.</summary>
    internal NamespaceSnapshot WithPendingServices() => PendingExposures.All(r => r.Selector is null) ? this : this with
    {
        Services =
        [
            .. Services,
            .. PendingExposures.Where(r => r.Selector is not null && !Services.Any(s => s.Name == r.Workload.Name && s.SelectorText == r.Selector))
                .Select(r => Service.Selecting(r.Workload.Name, r.Selector ?? "")).DistinctBy(s => (s.Name, s.SelectorText)),
        ],
    };

    /// <summary>Why this is what the caches say, and not what is true now; null where it was read live, or did not have to be.</summary>
    public string? Stale { get; init; }
}
