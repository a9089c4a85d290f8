using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>Pods that are alike in all that decides whom they serve: thousands of a ReplicaSet are one group.</summary>
public sealed record PodGroup(PodShape Shape, IReadOnlyList<LivePod> Pods)
{
    private int? _serving;
    private int? _ready;

    /// <summary>Pods that serve, or will as soon as they are ready.</summary>
    public int Serving => _serving ??= Pods.Count(p => p.Counts);

    public int Ready => _ready ??= Pods.Count(p => p.IsReady && !p.IsFinished);
}

/// <summary>What such pods have in common.</summary>
/// <param name="OwnerUid">Of the owner that they name as their controller: a claim; null where they name none.</param>
/// <param name="Template">Labels, containers and images. Its hash is known only of pods without an owner.</param>
public sealed record PodShape(string? OwnerUid, PodTemplate Template);
