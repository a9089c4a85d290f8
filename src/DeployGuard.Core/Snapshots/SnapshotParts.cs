namespace DeployGuard.Core.Snapshots;

/// <summary>Parts of a <see cref="ClusterSnapshot"/> that are read only if a policy needs them.</summary>
[Flags]
public enum SnapshotParts
{
    None = 0,

    /// <summary><see cref="ClusterSnapshot.Namespace"/>.</summary>
    Namespace = 1,

    /// <summary><see cref="ClusterSnapshot.Budgets"/>.</summary>
    Budgets = 2,
}
