using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The Services and workloads of one namespace, and their records.</summary>
public sealed record NamespaceSnapshot
{
    /// <summary>The objects that it was built from; null if it was written by hand, as in tests.</summary>
    public NamespaceObjects? Objects { get; init; }

    /// <summary>
    /// The adoption under each policy, by policy name. Unknown revisions that came later are unproven under it; under a policy without an entry, running revisions
    /// are presumed proven.
    /// </summary>
    public IReadOnlyDictionary<string, AdoptedPods> Adopted { get; init; } = new Dictionary<string, AdoptedPods>();

    /// <summary>Another namespace that an ExternalName points to; null if there is none, or it is unknown.</summary>
    public NamespaceSnapshot? Elsewhere { get; init; }

    public IReadOnlyList<Service> Services { get; init; } = [];

    /// <summary>Every workload, and every unattributed object.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];

    /// <summary>All Changes of the namespace, also of workloads that are gone.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    /// <summary>Votes on workloads of the namespace: a veto revokes the held steps of a revision.</summary>
    public IReadOnlyList<Approval> Votes { get; init; } = [];

    /// <summary>Nodes that a new DaemonSet would run on; 0 if not counted.</summary>
    public int Nodes { get; init; }

    /// <summary>Pending exposure of other requests, whether visible by now or not.</summary>
    public IReadOnlyList<PendingExposure> PendingExposures { get; init; } = [];

    /// <summary>Adds pending changes of Services, besides their observed selectors.</summary>
    internal NamespaceSnapshot WithPendingServices() => PendingExposures.All(r => r.Selector is null) ? this : this with
    {
        Services =
        [
            .. Services,
            .. PendingExposures.Where(r => r.Selector is not null && !Services.Any(s => s.Name == r.Workload.Name && s.SelectorText == r.Selector))
                .Select(r => Service.Selecting(r.Workload.Name, r.Selector ?? "")).DistinctBy(s => (s.Name, s.SelectorText)),
        ],
    };

    /// <summary>Why this is cached data; null if it was read live, or did not have to be.</summary>
    public string? Stale { get; init; }
}
