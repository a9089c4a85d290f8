using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The Services and workloads of one namespace, and their records.</summary>
public sealed record NamespaceSnapshot
{
    /// <summary>The objects that it was built from; null if it was built directly, as in tests.</summary>
    public NamespaceObjects? Objects { get; init; }

    /// <summary>
    /// The adoption under each policy, by policy name. Unknown revisions that appeared later are unproven under it. Under a policy without
    /// an entry, running revisions are presumed proven.
    /// </summary>
    public IReadOnlyDictionary<string, AdoptedPods> Adopted { get; init; } = new Dictionary<string, AdoptedPods>();

    /// <summary>The namespace that an ExternalName refers to; null if there is none, or it is unknown.</summary>
    public NamespaceSnapshot? ExternalNameTarget { get; init; }

    public IReadOnlyList<Service> Services { get; init; } = [];

    /// <summary>Every workload, and every unattributed object.</summary>
    public IReadOnlyList<Member> Members { get; init; } = [];

    /// <summary>All Changes of the namespace, including those of deleted workloads.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    /// <summary>Votes on workloads of the namespace. A veto revokes the completed steps of a revision.</summary>
    public IReadOnlyList<Approval> Votes { get; init; } = [];

    /// <summary>Nodes that a new DaemonSet would run on; 0 if not counted.</summary>
    public int Nodes { get; init; }

    /// <summary>Pending exposure of other requests, including entries that are already visible.</summary>
    public IReadOnlyList<PendingExposure> PendingExposures { get; init; } = [];

    /// <summary>The snapshot with pending selector changes of Services, in addition to the observed selectors.</summary>
    internal NamespaceSnapshot WithPendingServices() =>
        PendingExposures.All(r => r.Selector is null)
            ? this
            : this with
            {
                Services =
                [
                    .. Services,
                    .. PendingExposures
                        .Where(r => r.Selector is not null && !Services.Any(s => s.Name == r.Workload.Name && s.SelectorText == r.Selector))
                        .Select(r => Service.Selecting(r.Workload.Name, r.Selector ?? ""))
                        .DistinctBy(s => (s.Name, s.SelectorText)),
                ],
            };

    /// <summary>Why cached data is used; null if it was read live, or no live read was necessary.</summary>
    public string? Stale { get; init; }
}
