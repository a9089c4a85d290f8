using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>A ReplicaSet, and the Changes of the Deployment that it is named after. It may have left that Deployment since.</summary>
public sealed record RevisionSet(Workload Set, IReadOnlyList<Change> Changes)
{
    /// <summary>The Deployment after which a ReplicaSet is named, with a hash that has no dash; null if the name has none.</summary>
    public static WorkloadRef? DeploymentOf(WorkloadRef set) =>
        set.Name.LastIndexOf('-') is > 0 and var dash ? BuiltInKinds.Deployment.Named(set.Namespace, set.Name[..dash]) : null;

    /// <summary>Whether a Change is the record of this revision.</summary>
    public bool IsRecordedBy(Change change) => change.HasHash(Set.Template.Hash) || change.IsOwnedRevision(Set.Uid, Set.Template.Hash);
}
