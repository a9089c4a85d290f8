using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The observed objects of one namespace that decide which users reach which pods, and their records.</summary>
public sealed record NamespaceObjects
{
    public string Namespace { get; init; } = "";

    public IReadOnlyList<Service> Services { get; init; } = [];

    /// <summary>Workloads of every kind, including those with an owner reference.</summary>
    public IReadOnlyList<LiveWorkload> Workloads { get; init; } = [];

    /// <summary>ControllerRevisions.</summary>
    public IReadOnlyList<LiveRevision> Revisions { get; init; } = [];

    /// <summary>Pods in groups; empty if pods are not watched.</summary>
    public IReadOnlyList<PodGroup> Pods { get; init; } = [];

    /// <summary>All pods were observed; otherwise there may be more.</summary>
    public bool PodsAreKnown { get; init; } = true;

    /// <summary>All Changes of the namespace, including those of deleted workloads.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    public IReadOnlyList<Approval> Votes { get; init; } = [];

    /// <summary>Adopted pods, by policy name.</summary>
    public IReadOnlyDictionary<string, AdoptedPods> Adopted { get; init; } = new Dictionary<string, AdoptedPods>();

    /// <summary>Cordoned nodes: the replacement of a pod that is deleted there starts on another node.</summary>
    public IReadOnlySet<string> CordonedNodes { get; init; } = new HashSet<string>();

    /// <summary>The snapshot, with every object attributed to its verified owner or to itself.</summary>
    public NamespaceSnapshot ToSnapshot() =>
        new()
        {
            Objects = this,
            Services = Services,
            Members = new Attribution(this).Members(),
            Changes = Changes,
            Votes = Votes,
            Adopted = Adopted,
        };
}
