using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>A workload whose pods serve users: its desired state, and the revisions that its pods run now.</summary>
public sealed record Member
{
    /// <summary>Names the stable workload whose pool this canary joins. It only adds requirements, so any author may set it.</summary>
    public const string CanaryOfAnnotation = "deployguard.io/canary-of";

    public required Workload Spec { get; init; }

    /// <summary>Its pods by revision; empty if none were observed, then all run the spec.</summary>
    public IReadOnlyList<RevisionPods> Pods { get; init; } = [];

    /// <summary>Desired pods, without surge pods and without <see cref="Excluded"/>.</summary>
    public int Size => Math.Max(0, Spec.Replicas - Excluded);

    /// <summary>Pods that the pool's Service does not select, although it selects the template.</summary>
    public int Excluded { get; init; }

    /// <summary>Those of <see cref="Excluded"/> that the rollout in progress replaces by pods that the Service selects.</summary>
    public int Joining { get; init; }

    /// <summary>A request removes pods, and the controller replaces them from the newest revision at once.</summary>
    public bool ReplacesAtOnce { get; init; }

    /// <summary>Pods that its controller counts and that run something else. Each is a member of its own.</summary>
    public int SeparatePods { get; init; }

    /// <summary>Ready pods that name its controller as their owner and are members of their own.</summary>
    public int SeparateReady { get; init; }

    /// <summary>The workload whose Changes record its revisions; null for itself.</summary>
    public WorkloadRef? RecordedAs { get; init; }

    /// <summary>
    /// An object of a kind that controllers create, without a verified owner and without an admitted request: its origin is unknown.
    /// </summary>
    public bool IsUnattributed { get; init; }

    /// <summary>Creation time of its newest object; null if unknown.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>
    /// Behind no Service it is a pool of its own. Jobs have no users then, and unattributed objects would be one pool each.
    /// </summary>
    public bool IsPoolByItself => !Spec.Type.RunsToCompletion && !IsUnattributed;

    /// <summary>Only ready pods of a Job serve users: its parallelism may exceed the pods that it runs at once.</summary>
    public bool CountsReadyOnly => Spec.Type.RunsToCompletion || IsUnattributed;

    /// <summary>Pods that are ready now, of any revision; null if not counted.</summary>
    public int? Ready { get; init; }

    /// <summary>Desired pods that are ready: a workload of a thousand replicas with room for twenty has twenty.</summary>
    public int Present => Math.Min(Size, Ready ?? (CountsReadyOnly ? 0 : Size));

    /// <summary>Ready desired pods without those that are members of their own.</summary>
    public int OwnPresent => Math.Min(Size - SeparatePods, (Ready ?? (CountsReadyOnly ? 0 : Size)) - SeparateReady);

    public string? CanaryOf =>
        Spec.Annotations.GetValueOrDefault(CanaryOfAnnotation) ?? Spec.Template.Annotations.GetValueOrDefault(CanaryOfAnnotation);

    /// <summary>Some of its pods run another revision than its spec says.</summary>
    public bool IsRollingOut => Pods.Any(p => p.Pods > 0 && p.TemplateHash != Spec.Template.Hash);

    /// <summary>
    /// Missing pods that the controller of a rollout in progress creates without a further request. A paused workload is filled up too.
    /// </summary>
    public int RolloutShortfall => IsRollingOut && !Spec.IsDeleting ? Math.Max(0, Size - Pods.Sum(p => p.Pods)) : 0;

    /// <summary>Desired pods that do not exist, of an observed workload: the next rollout creates them from its own revision.</summary>
    public int Shortfall { get; init; }

    /// <summary>Whether a pod's ordinal is outside the range of its StatefulSet.</summary>
    internal static bool IsOutsideOrdinals(LivePod pod, Workload owner) =>
        pod.Ordinal is { } ordinal
        && (ordinal < owner.Strategy.FirstOrdinal || ordinal >= (long)owner.Strategy.FirstOrdinal + owner.Replicas);
}

/// <summary>How many pods of a workload run one revision.</summary>
/// <param name="OwnedName">Name of the ReplicaSet or ControllerRevision that holds it; null where the kind keeps none.</param>
public sealed record RevisionPods(string TemplateHash, string? OwnedName, IReadOnlyList<string> Images, int Pods)
{
    /// <summary>Uid of the ReplicaSet or ControllerRevision; null where the kind keeps none.</summary>
    public string? OwnedUid { get; init; }

    /// <summary>Labels with which its pods are created; null for those of the workload's template.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>
    /// Whether it is the revision of a template. Every Service must also select both or neither, because Services may select by labels
    /// outside the hash.
    /// </summary>
    public bool IsOf(PodTemplate template, IReadOnlyList<Service> services) =>
        TemplateHash == template.Hash && (Labels is not { } labels || !ServiceIndex.Of(services).Distinguishes(labels, template.Labels));

    /// <summary>
    /// Pods that its StatefulSet is about to delete. They keep serving until then, which may take long while other pods are not ready.
    /// </summary>
    public int ToBeDeleted { get; init; }

    /// <summary>Its observed pods; empty if pods were not observed.</summary>
    public IReadOnlyList<PodGroup> Seen { get; init; } = [];
}
