namespace DeployGuard.Core.Workloads;

/// <summary>The fields of an object with a pod template that DeployGuard uses. Created by <see cref="WorkloadReader"/>.</summary>
public sealed record Workload
{
    public required WorkloadRef Ref { get; init; }

    /// <summary>The descriptor of its kind.</summary>
    public WorkloadKind Type => Ref.Type;

    /// <summary>Empty on CREATE, before the API server assigns it.</summary>
    public string Uid { get; init; } = "";

    public string ResourceVersion { get; init; } = "";

    /// <summary>Incremented with every change of the spec; null for kinds without it (Pods).</summary>
    public long? Generation { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = Maps.Empty;

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = Maps.Empty;

    public required PodTemplate Template { get; init; }

    /// <summary>
    /// Desired pods: <c>spec.replicas</c> with its default of 1; 1 for a Pod; the scheduled nodes of a DaemonSet from its status; the
    /// parallelism of a Job or CronJob; 0 for kinds without a size.
    /// </summary>
    public int Replicas { get; init; }

    public required RolloutStrategy Strategy { get; init; }

    /// <summary>
    /// StatefulSet: pods with an ordinal at or above the partition, counted from the first ordinal. They run the newest revision.
    /// </summary>
    public int PodsAbovePartition => Math.Clamp(Replicas - (Strategy.Partition ?? 0), 0, Replicas);

    /// <summary>A partition keeps the old revision on the pods below it.</summary>
    public bool IsPartitioned => Strategy is { IsRolling: true, Partition: > 0 } && Type.HasPartition;

    /// <summary>The uid of the owner reference that is marked as controller; null if there is none. Unverified.</summary>
    public string? ControllerUid { get; init; }

    /// <summary>Every owner reference, in the object's order.</summary>
    public IReadOnlyList<OwnerReference> OwnerReferences { get; init; } = [];

    /// <summary>Finalizers that delay the deletion of the object.</summary>
    public IReadOnlyList<string> Finalizers { get; init; } = [];

    /// <summary>It has a deletionTimestamp.</summary>
    public bool IsDeleting { get; init; }

    /// <summary>Creation time from the API server; null on CREATE.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary><c>spec.selector</c>, which selects its pods; null for kinds without it.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>Seconds after which a Pod is stopped: <c>spec.activeDeadlineSeconds</c>; null if unset, and for other kinds.</summary>
    public long? ActiveDeadline { get; init; }

    /// <summary>kubectl generated the name. The next attempt has another one.</summary>
    public bool HasGeneratedName => Type.IsItsOwnTemplate && GeneratedName.IsOfNodeDebugger(Ref);

    /// <summary>Annotations of a ReplicaSet from which the Deployment controller computes proportional scaling.</summary>
    public static IReadOnlyList<string> ProportionAnnotations { get; } =
    ["deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"];

    /// <summary>The annotation in which a workload or its pod template brings a signed statement along.</summary>
    public const string StatementAnnotation = "deployguard.io/change-statement";

    /// <summary>The workload with only the fields that decisions about other workloads use, for caches that keep many.</summary>
    /// <param name="texts">Shares the texts with other objects; null to share none.</param>
    public Workload WithoutDocument(TextPool? texts = null)
    {
        var slim = this with
        {
            Annotations = Annotations.Where(a => IsOurs(a.Key)).ToDictionary(),
            Template = Template.WithoutDocument(IsOurs, texts),
        };
        return texts is null ? slim : slim.With(texts);
    }

    private Workload With(TextPool texts) =>
        this with
        {
            Ref = texts.Same(Ref),
            Uid = texts.Same(Uid),
            Labels = texts.Same(Labels),
            Annotations = texts.Same(Annotations),
            ControllerUid = texts.SameOrNull(ControllerUid),
            OwnerReferences = [.. OwnerReferences.Select(o => o.With(texts))],
            Finalizers = texts.Same(Finalizers),
            Selector = Selector?.With(texts),
            Strategy = Strategy with { Type = texts.SameOrNull(Strategy.Type) },
        };

    /// <summary>Statements are read from requests alone, and may be large.</summary>
    private static bool IsOurs(string annotation) =>
        annotation.StartsWith("deployguard.io/", StringComparison.Ordinal) && annotation != StatementAnnotation;
}
