using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>The objects of one namespace that decide who serves whom, as they were observed, and what is on record of them.</summary>
public sealed record NamespaceObjects
{
    public string Namespace { get; init; } = "";

    public IReadOnlyList<Service> Services { get; init; } = [];

    /// <summary>Of every kind that makes pods, also those that name an owner.</summary>
    public IReadOnlyList<LiveWorkload> Workloads { get; init; } = [];

    /// <summary>ControllerRevisions.</summary>
    public IReadOnlyList<LiveRevision> Revisions { get; init; } = [];

    /// <summary>Pods that are alike, together; none where nobody watches them.</summary>
    public IReadOnlyList<PodGroup> Pods { get; init; } = [];

    /// <summary>All pods were seen; otherwise there may be others.</summary>
    public bool PodsAreKnown { get; init; } = true;

    /// <summary>All Changes of the namespace, also of workloads that are gone.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    public IReadOnlyList<Approval> Votes { get; init; } = [];

    /// <summary>What was adopted, by the names of policies.</summary>
    public IReadOnlyDictionary<string, AdoptedPods> Adopted { get; init; } = new Dictionary<string, AdoptedPods>();

    /// <summary>Nodes that are drained: what is deleted there goes elsewhere.</summary>
    public IReadOnlySet<string> CordonedNodes { get; init; } = new HashSet<string>();

    /// <summary>Every object told by whoever stands for it, or by itself.</summary>
    public NamespaceSnapshot ToSnapshot() => new()
    {
        Objects = this,
        Services = Services,
        Members = new Attribution(this).Members(),
        Changes = Changes,
        Votes = Votes,
        Adopted = Adopted,
    };
}
