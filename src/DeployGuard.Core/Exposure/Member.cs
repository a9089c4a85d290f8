using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>A workload whose pods serve: what it is to run, and what its pods run now.</summary>
public sealed record Member
{
    /// <summary>Names the workload whose pool this one says it is a canary of. It tightens, so anybody may write it.</summary>
    public const string CanaryOfAnnotation = "deployguard.io/canary-of";

    public required Workload Spec { get; init; }

    /// <summary>What its pods run, by revision, as its controller keeps them; empty where nothing was seen yet: then all run the spec.</summary>
    public IReadOnlyList<RevisionPods> Pods { get; init; } = [];

    /// <summary>Desired pods. Surge pods never count.</summary>
    public int Size => Spec.Replicas;

    /// <summary>Pods that are ready now, whatever they run; null where nobody counted.</summary>
    public int? Ready { get; init; }

    /// <summary>Desired pods that are there to serve: whoever asks for a thousand and has room for twenty has twenty.</summary>
    public int Present => Math.Min(Size, Ready ?? Size);

    public string? CanaryOf => Spec.Annotations.GetValueOrDefault(CanaryOfAnnotation) ?? Spec.Template.Annotations.GetValueOrDefault(CanaryOfAnnotation);

    /// <summary>Some of its pods run another revision than its spec says.</summary>
    public bool IsRollingOut => Pods.Any(p => p.Pods > 0 && p.TemplateHash != Spec.Template.Hash);

    /// <summary>Whether a kind has pods that serve, and that we know how to count: Jobs do work and serve nobody.</summary>
    public static bool Serves(string kind) => kind is "Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet" or "ReplicationController" or "Pod";
}

/// <summary>How many pods of a workload run one revision.</summary>
/// <param name="Owned">Name of the ReplicaSet or ControllerRevision that holds it; null where the kind keeps none.</param>
public sealed record RevisionPods(string TemplateHash, string? Owned, IReadOnlyList<string> Images, int Pods);
