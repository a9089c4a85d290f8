using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>
/// Everything of a snapshot that exposure rests on. What else a decision reads meanwhile, such as votes, changes none of it.
/// </summary>
internal sealed class ExposureFacts(ClusterSnapshot cluster)
{
    public IReadOnlyList<SafeguardPolicy> Policies { get; } = cluster.Policies;

    /// <inheritdoc cref="ClusterSnapshot.NamespaceLabels"/>
    public IReadOnlyDictionary<string, string>? NamespaceLabels { get; } = cluster.NamespaceLabels;

    /// <summary>Of the workload of the request.</summary>
    public IReadOnlyList<Change> Changes { get; } = cluster.Changes;

    /// <inheritdoc cref="ClusterSnapshot.Namespace"/>
    public NamespaceSnapshot? Namespace { get; } = cluster.Namespace;

    /// <inheritdoc cref="RevisionHistory.HasServedAsMany"/>
    public bool HasServedAsMany(Workload after, string pool, int present) => RevisionHistory.HasServedAsMany(after, pool, present, cluster);

    /// <summary>Whether a snapshot has the very same ones, with those of the history.</summary>
    public bool AreOf(ClusterSnapshot other) =>
        ReferenceEquals(Policies, other.Policies)
        && ReferenceEquals(NamespaceLabels, other.NamespaceLabels)
        && ReferenceEquals(Changes, other.Changes)
        && ReferenceEquals(Namespace, other.Namespace)
        && ReferenceEquals(cluster.History, other.History)
        && cluster.HadRecords == other.HadRecords;
}
