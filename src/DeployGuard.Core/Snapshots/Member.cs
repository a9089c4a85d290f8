using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>A workload whose pods serve: what it is to run, and what its pods run now.</summary>
public sealed record Member
{
    /// <summary>Names the workload whose pool this one says it is a canary of. It tightens, so anybody may write it.</summary>
    public const string CanaryOfAnnotation = "deployguard.io/canary-of";

    public required Workload Spec { get; init; }

    /// <summary>What its pods run, by revision, as its controller keeps them; empty where nothing was seen yet: then all run the spec.</summary>
    public IReadOnlyList<RevisionPods> Pods { get; init; } = [];

    /// <summary>Desired pods. Surge pods never count; nor do those that were given labels by which this pool's Service does not select them.</summary>
    public int Size => Math.Max(0, Spec.Replicas - Excluded);

    /// <summary>Pods of it that the pool's Service does not select, though it selects the template.</summary>
    public int Excluded { get; init; }

    /// <summary>Those of <see cref="Excluded"/> that the rollout under way replaces by pods that the Service selects.</summary>
    public int Joining { get; init; }

    /// <summary>A request takes pods of it away, which its controller makes again from the newest revision at once.</summary>
    public bool ReplacesAtOnce { get; init; }

    /// <summary>Pods that its controller counts, and that run something else: they are told by themselves, and are no others' besides.</summary>
    public int SeparatePods { get; init; }

    /// <summary>Pods that its controller counts among those that are ready, and that are told by themselves.</summary>
    public int SeparateReady { get; init; }

    /// <summary>The workload whose Changes tell what its revisions have proven; null for itself.</summary>
    public WorkloadRef? RecordedAs { get; init; }

    /// <summary>An object that a controller would make, which no owner stands for and no request let in: nobody knows where it comes from.</summary>
    public bool IsUnattributed { get; init; }

    /// <summary>When the newest of it was made; null where that is not known.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Behind no Service it is a pool of its own. Jobs serve nobody then, and of what nobody stands for there would be a pool each.</summary>
    public bool IsPoolByItself => !Spec.Type.RunsToCompletion && !IsUnattributed;

    /// <summary>Of a Job's pods only those that are ready are there for users: it may have more to do than it ever runs at once.</summary>
    public bool CountsReadyOnly => Spec.Type.RunsToCompletion || IsUnattributed;

    /// <summary>Pods that are ready now, whatever they run; null where nobody counted.</summary>
    public int? Ready { get; init; }

    /// <summary>Desired pods that are there to serve: whoever asks for a thousand and has room for twenty has twenty.</summary>
    public int Present => Math.Min(Size, Ready ?? (CountsReadyOnly ? 0 : Size));

    /// <summary>Those of them that are not told by themselves.</summary>
    public int Own => Math.Min(Size - SeparatePods, (Ready ?? (CountsReadyOnly ? 0 : Size)) - SeparateReady);

    public string? CanaryOf => Spec.Annotations.GetValueOrDefault(CanaryOfAnnotation) ?? Spec.Template.Annotations.GetValueOrDefault(CanaryOfAnnotation);

    /// <summary>Some of its pods run another revision than its spec says.</summary>
    public bool IsRollingOut => Pods.Any(p => p.Pods > 0 && p.TemplateHash != Spec.Template.Hash);

    /// <summary>
    /// Pods that the controller of a rollout under way makes of its newest revision without anybody asking, because some are missing. One that is paused fills its
    /// size too.
    /// </summary>
    public int RolloutShortfall => IsRollingOut && !Spec.IsDeleting ? Math.Max(0, Size - Pods.Sum(p => p.Pods)) : 0;

    /// <summary>Pods that are not there, of a workload that was looked at: whatever it rolls out then, it makes them of that.</summary>
    public int Shortfall { get; init; }

    /// <summary>Whether a pod's number is outside the range of the StatefulSet that made it.</summary>
    internal static bool IsBeyond(LivePod pod, Workload owner) =>
        pod.Ordinal is { } ordinal && (ordinal < owner.Strategy.FirstOrdinal || ordinal >= (long)owner.Strategy.FirstOrdinal + owner.Replicas);
}

/// <summary>How many pods of a workload run one revision.</summary>
/// <param name="Owned">Name of the ReplicaSet or ControllerRevision that holds it; null where the kind keeps none.</param>
public sealed record RevisionPods(string TemplateHash, string? Owned, IReadOnlyList<string> Images, int Pods)
{
    /// <summary>Uid of the ReplicaSet or ControllerRevision; null where the kind keeps none.</summary>
    public string? OwnedUid { get; init; }

    /// <summary>Labels that pods of it are made with; null for those of the workload's template.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>
    /// Whether it is what a template says, and no Service selects the one and not the other: labels that no hash covers may be those by which it selects.
    /// </summary>
    public bool IsOf(PodTemplate template, IReadOnlyList<Service> services) =>
        TemplateHash == template.Hash && (Labels is not { } labels || !Service.TellApart(services, labels, template.Labels));

    /// <summary>Pods that its StatefulSet is about to delete, and that serve until it does: it waits for those that are not ready.</summary>
    public int ToBeDeleted { get; init; }

    /// <summary>The pods of it that were seen; none where nobody looked.</summary>
    public IReadOnlyList<PodGroup> Seen { get; init; } = [];
}
