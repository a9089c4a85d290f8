using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Pods with the same owner, labels and containers. The thousands of pods of a ReplicaSet are one group.</summary>
public sealed record PodGroup(PodShape Shape, IReadOnlyList<LivePod> Pods)
{
    /// <summary>
    /// Pods that were created before can run another template of their owner with the same images, so they complete no step of this one.
    /// </summary>
    public DateTimeOffset CanRunSince { get; init; }

    private int? _serving;
    private int? _ready;

    /// <summary>Pods that serve, or will when they become ready.</summary>
    public int Serving => _serving ??= Pods.Count(p => p.IsActive);

    public int Ready => _ready ??= Pods.Count(p => p.IsReady && !p.IsFinished);
}

/// <summary>The common properties of a pod group.</summary>
/// <param name="OwnerUid">Uid of the owner reference marked as controller, unverified; null if there is none.</param>
/// <param name="Template">Labels, containers and images. The hash is known only for pods without an owner.</param>
public sealed record PodShape(string? OwnerUid, PodTemplate Template);
