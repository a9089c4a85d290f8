namespace DeployGuard.Core.Workloads;

/// <summary>An object with a pod template, as far as DeployGuard looks at it. Made by <see cref="WorkloadReader"/>.</summary>
public sealed record Workload
{
    public required WorkloadRef Ref { get; init; }

    /// <summary>Empty on CREATE before the API server has given one.</summary>
    public string Uid { get; init; } = "";

    public string ResourceVersion { get; init; } = "";

    /// <summary>Counts the changes of the spec; null where the API server does not count them (Pods).</summary>
    public long? Generation { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = Maps.Empty;

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = Maps.Empty;

    public required PodTemplate Template { get; init; }

    /// <summary>Desired pods: <c>spec.replicas</c>, 1 where the kind has it and the object does not say; 1 for a Pod; the nodes of a DaemonSet as its status counts them; the parallelism of a Job or CronJob; 0 where the kind has none.</summary>
    public int Replicas { get; init; }

    public required RolloutStrategy Strategy { get; init; }

    /// <summary>StatefulSet: pods at its partition or above, counted from its first ordinal, which are those of its newest revision.</summary>
    public int PodsAbovePartition => Math.Clamp(Replicas - (Strategy.Partition ?? 0), 0, Replicas);

    /// <summary>The uid of the owner that is marked as controller; null if there is none. A claim, proving nothing by itself.</summary>
    public string? ControllerUid { get; init; }

    /// <summary>Every owner that the object names, in its order.</summary>
    public IReadOnlyList<OwnerReference> OwnerReferences { get; init; } = [];

    /// <summary>What must be removed before a deleted object goes.</summary>
    public IReadOnlyList<string> Finalizers { get; init; } = [];

    /// <summary>It has a deletionTimestamp.</summary>
    public bool IsDeleting { get; init; }

    /// <summary>As the API server stamped it; null before it has, as on CREATE.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>Which of the controller's objects it takes for its own: <c>spec.selector</c>; null where the kind has none.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>Seconds for which a Pod may run: <c>spec.activeDeadlineSeconds</c>; null without such an end, and of other kinds.</summary>
    public long? ActiveDeadline { get; init; }

    /// <summary>kubectl made its name up, and makes up another at the next attempt.</summary>
    public bool HasMadeUpName => Ref is { ApiGroup: "", Kind: "Pod" } && GeneratedName.IsOfNodeDebugger(Ref);

    /// <summary>Annotations of a ReplicaSet by which its Deployment's controller works out its part of another size.</summary>
    public static IReadOnlyList<string> Proportions { get; } = ["deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas"];

    /// <summary>The same without what no decision about another workload rests on, for those who keep many.</summary>
    public Workload Slim() => this with { Annotations = Annotations.Where(a => IsOurs(a.Key)).ToDictionary(), Template = Template.Slim(IsOurs) };

    private static bool IsOurs(string annotation) => annotation.StartsWith("deployguard.io/", StringComparison.Ordinal);
}
