namespace DeployGuard.Core.Workloads;

/// <summary>
/// The descriptor of a kind. Each built-in kind has a file in this folder; all other code uses the descriptor: no string there is the
/// name of a kind. A property that a file does not set has the value of a custom kind.
/// </summary>
public sealed record WorkloadKind
{
    /// <summary>As in the object: <c>Deployment</c>; empty for an unknown kind.</summary>
    public required string Name { get; init; }

    /// <summary>Empty for the core group.</summary>
    public required string ApiGroup { get; init; }

    /// <summary>The version of the API group that DeployGuard reads: <c>v1</c>.</summary>
    public string Version { get; init; } = "v1";

    /// <summary>Group and version as in the object: <c>apps/v1</c>, <c>v1</c>.</summary>
    public string ApiVersion => ApiGroup.Length == 0 ? Version : $"{ApiGroup}/{Version}";

    /// <summary>Plural, as in URL paths and webhook rules: <c>deployments</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>The short name of kubectl, such as <c>deploy</c>; empty if there is none.</summary>
    public string ShortName { get; init; } = "";

    /// <summary>It has the subresource <c>/scale</c>.</summary>
    public bool HasScale { get; init; }

    /// <summary>
    /// Path of the pod template, separated by dots; empty if the object is the template itself; null if it has none or the path is unknown.
    /// </summary>
    public string? TemplatePath { get; init; }

    /// <summary>It is not a built-in kind: its fields may have other meanings under the same names.</summary>
    public bool IsCustom { get; init; }

    /// <summary>A built-in kind with a pod template.</summary>
    public bool IsBuiltInWorkload => TemplatePath is not null && !IsCustom;

    /// <summary>A Pod: the object is the template, and the kubelet writes to it too.</summary>
    public bool IsItsOwnTemplate => TemplatePath is { Length: 0 };

    // ---- Its pods ----

    /// <summary>Desired pods, from the whole object.</summary>
    internal Func<Field, int> ReadSize { get; init; } = Sizes.OfReplicas;

    /// <summary>Its size is set in the spec. A Pod is always one, and a DaemonSet has one pod on each node.</summary>
    public bool IsSized { get; init; } = true;

    /// <summary>One pod on each node. A node without its pod gets the newest revision.</summary>
    public bool RunsOnEveryNode { get; init; }

    /// <summary>It is a single pod. Schedulers and kubelets extend its spec, so its revision is defined by its images.</summary>
    public bool IsOnePod { get; init; }

    /// <summary>Its pods have ordinals and fixed names. Another Pod with such a name blocks its controller.</summary>
    public bool HasOrdinals { get; init; }

    /// <summary>Its controller creates pods directly, and counts the pods that its selector matches.</summary>
    public bool CreatesPods { get; init; }

    /// <summary>Reads the selector from the whole object; null if there is none.</summary>
    internal Func<Field, LabelSelector?> ReadSelector { get; init; } = _ => null;

    /// <summary>It has <c>volumeClaimTemplates</c> next to its template.</summary>
    public bool HasClaims { get; init; }

    /// <summary>Recognizes labels of the template that a controller wrote.</summary>
    internal ControllerLabel IsControllerLabel { get; init; } = (_, _, _, _) => false;

    // ---- Users ----

    /// <summary>Its pods may serve users and can be counted: the Canary safeguard applies.</summary>
    public bool Serves { get; init; }

    /// <summary>Its pods run to completion. They serve only if a Service selects them, and only while they are ready.</summary>
    public bool RunsToCompletion => RunsOnce || RunsOnSchedule;

    /// <summary>One run: a Job.</summary>
    public bool RunsOnce { get; init; }

    /// <summary>It creates Jobs on schedule.</summary>
    public bool RunsOnSchedule { get; init; }

    /// <summary>Queues such as Kueue start and suspend it, and set its node placement.</summary>
    public bool IsStartedByQueues { get; init; }

    /// <summary>It is created often, under a new name each time, and is not rolled back: few of its Changes are kept.</summary>
    public bool IsShortLived { get; init; }

    // ---- Rollouts ----

    /// <summary>A change of its template starts a rollout: the Budget safeguard counts it.</summary>
    public bool RollsOut { get; init; }

    /// <summary>How its controller replaces pods in place: the Pace safeguard applies. Null if it does not.</summary>
    public InPlaceRollout? InPlace { get; init; }

    /// <summary>The <c>spec</c> of a patch that sets a partition; null if the kind has none.</summary>
    internal Func<int, string>? PartitionPatch { get; init; }

    /// <summary>A partition can keep the old revision on some pods.</summary>
    public bool HasPartition => PartitionPatch is not null;

    /// <summary>Where its controller stores revisions for rollback.</summary>
    public RevisionStore RevisionsIn { get; init; }

    /// <summary>Each of its revisions is a ReplicaSet, whose pods count with it.</summary>
    public bool HasReplicaSets => RevisionsIn is RevisionStore.ReplicaSets;

    /// <summary>It creates pods directly from ControllerRevisions and replaces a deleted pod from the newest one.</summary>
    public bool HasControllerRevisions => RevisionsIn is RevisionStore.ControllerRevisions;

    /// <summary>Its status names the newest revision and the previous one; for other kinds their numbers tell.</summary>
    public bool StatusNamesRevisions { get; init; }

    /// <summary>The status fields that show its progress.</summary>
    public KindStatus Status { get; init; } = new();

    // ---- Owners ----

    /// <summary>Controller service accounts in <c>kube-system</c> that create it; they are trusted for this kind.</summary>
    public IReadOnlyList<string> CreatorAccounts { get; init; } = [];

    /// <summary>Controllers create it for an owner; users can create it too.</summary>
    public bool IsCreatedByControllers => CreatorAccounts.Count > 0 && !IsWrittenByControllersAlone;

    /// <summary>It is one revision of a Deployment, which selects it and sets its size.</summary>
    public bool HoldsOneRevision { get; init; }

    /// <summary>Its pods count with its owner: those of a ReplicaSet with its Deployment, those of a Job with its CronJob.</summary>
    public bool CountsWithOwner => HoldsOneRevision || RunsOnce;

    /// <summary>Its labels decide which controller adopts it and which Service selects it.</summary>
    public bool IsSelectedByLabels { get; init; }

    /// <summary>Its owner replaces it at once when it is deleted, possibly with another revision.</summary>
    public bool IsReplacedWhenDeleted { get; init; }

    /// <summary>Kubelets create it too: the mirror pods of static pods.</summary>
    public bool IsWrittenByKubelets { get; init; }

    /// <summary>Only controllers may write it: a manual change could make its owner run a revision that was not evaluated.</summary>
    public bool IsWrittenByControllersAlone { get; init; }

    /// <summary>The reference to an object of this kind.</summary>
    public WorkloadRef Named(string @namespace, string name) => new(ApiGroup, Name, @namespace, name);

    /// <summary>
    /// The descriptor of a kind of the same name in another group, such as the StatefulSet of OpenKruise. Policies match kinds by name, so
    /// its pods count like those of the built-in kind. Its fields and labels are treated like those of a custom kind.
    /// </summary>
    internal WorkloadKind Namesake() =>
        this with
        {
            ApiGroup = "",
            TemplatePath = null,
            IsCustom = true,
            HasClaims = false,
            IsControllerLabel = (_, _, _, _) => false,
            IsStartedByQueues = false,
            IsShortLived = false,
        };
}

/// <summary>Where a controller stores the revisions of a workload.</summary>
public enum RevisionStore
{
    None,
    ReplicaSets,
    ControllerRevisions,
}

/// <summary>Whether a controller wrote a label of the template in this object.</summary>
/// <param name="isRead">Whether the pod reads its labels.</param>
internal delegate bool ControllerLabel(TemplateHolder holder, string key, string value, bool isRead);
