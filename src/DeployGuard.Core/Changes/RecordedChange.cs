using DeployGuard.Core.Origins;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>What the Change object on record says about one revision of one workload, as far as decisions rest on it.</summary>
public sealed record RecordedChange
{
    public required string Name { get; init; }

    public required WorkloadRef Workload { get; init; }

    /// <summary><c>v1:</c> and 64 hex digits.</summary>
    public required string TemplateHash { get; init; }

    /// <summary>Image references as the revision names them.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    public required Phase Phase { get; init; }

    /// <summary>Everything ever claimed about how the revision was made; it only accumulates.</summary>
    public IReadOnlyList<Evidence> Evidence { get; init; } = [];

    /// <summary>Usernames of everybody who asked for this revision.</summary>
    public IReadOnlyList<string> Requesters { get; init; } = [];

    /// <summary>Name of the ReplicaSet or ControllerRevision that holds this revision; null until it was seen running.</summary>
    public string? OwnedRevision { get; init; }

    /// <summary>The revision ran on all desired pods once, or was there before DeployGuard.</summary>
    public bool HasCompleted => Phase is Phase.Completed or Phase.Proven;
}

/// <summary>A revision that the API server still holds on behalf of a workload: an owned ReplicaSet or ControllerRevision.</summary>
public sealed record OwnedRevision(string Name, string TemplateHash);
