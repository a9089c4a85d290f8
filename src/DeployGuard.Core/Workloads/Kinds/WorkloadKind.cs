namespace DeployGuard.Core.Workloads;

/// <summary>
/// What DeployGuard knows of a kind. Each built-in kind has a file in this folder. All other code asks the descriptor: no string there
/// is the name of a kind.
/// A property that a file leaves out has the value of a custom kind.
/// </summary>
public sealed record WorkloadKind
{
    /// <summary>As objects spell it: <c>Deployment</c>; empty for a kind that is not in the list.</summary>
    public required string Name { get; init; }

    /// <summary>Empty for the core group.</summary>
    public required string ApiGroup { get; init; }

    /// <summary>Of the API group, as DeployGuard reads it: <c>v1</c>.</summary>
    public string Version { get; init; } = "v1";

    /// <summary>As objects and paths spell group and version: <c>apps/v1</c>, <c>v1</c>.</summary>
    public string ApiVersion => ApiGroup.Length == 0 ? Version : $"{ApiGroup}/{Version}";

    /// <summary>Plural, as paths and webhook rules have it: <c>deployments</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>It has a <c>/scale</c>.</summary>
    public bool HasScale { get; init; }

    /// <summary>
    /// Where the pod template stands, segments separated by dots, empty for the object itself; null if it has none that is known.
    /// </summary>
    public string? TemplatePath { get; init; }

    /// <summary>It is not Kubernetes' own: fields that it calls by the same names may mean anything.</summary>
    public bool IsCustom { get; init; }

    /// <summary>A kind of Kubernetes with a pod template.</summary>
    public bool IsBuiltInWorkload => TemplatePath is not null && !IsCustom;

    /// <summary>A Pod: the object is the template, and the kubelet writes into it too.</summary>
    public bool IsItsOwnTemplate => TemplatePath is { Length: 0 };

    // ---- Its pods ----

    /// <summary>Desired pods, from the whole object.</summary>
    internal Func<Field, int> ReadSize { get; init; } = Sizes.OfReplicas;

    /// <summary>A person can write how many pods there are to be. A Pod is one, and a DaemonSet has one on each node.</summary>
    public bool IsSized { get; init; } = true;

    /// <summary>Its controller counts the nodes: on a node that it had no pod of, the next is a new one.</summary>
    public bool RunsOnEveryNode { get; init; }

    /// <summary>It is one pod. Its spec grows by what schedulers and kubelets write; what it runs is its images.</summary>
    public bool IsOnePod { get; init; }

    /// <summary>Its pods have numbers, and names made of them: another object of the name keeps its controller from making one.</summary>
    public bool HasOrdinals { get; init; }

    /// <summary>Its controller makes pods itself, and counts as its own what its selector takes in.</summary>
    public bool MakesPods { get; init; }

    /// <summary>Reads the selector, from the whole object; null where there is none.</summary>
    internal Func<Field, LabelSelector?> ReadSelector { get; init; } = _ => null;

    /// <summary>It has <c>volumeClaimTemplates</c> beside its template.</summary>
    public bool HasClaims { get; init; }

    /// <summary>Whether a controller wrote a label of the template.</summary>
    internal ControllerLabel IsControllerLabel { get; init; } = (_, _, _, _) => false;

    // ---- Users ----

    /// <summary>Its pods may serve, and we know how to count them: the Canary safeguard applies.</summary>
    public bool Serves { get; init; }

    /// <summary>Its pods do their work and end: they serve only where a Service selects them, and no more of them than are ready.</summary>
    public bool RunsToCompletion => RunsOnce || RunsOnSchedule;

    /// <summary>One run: a Job.</summary>
    public bool RunsOnce { get; init; }

    /// <summary>It makes a Job at each of its times.</summary>
    public bool RunsOnSchedule { get; init; }

    /// <summary>Queues such as Kueue start and suspend it, and say where its pods run.</summary>
    public bool IsStartedByQueues { get; init; }

    /// <summary>It comes by the thousand under names of its own, and nobody rolls one back: few of its Changes are kept.</summary>
    public bool IsShortLived { get; init; }

    // ---- Rollouts ----

    /// <summary>A change of its template is a rollout that somebody watches: the Budget safeguard counts it.</summary>
    public bool RollsOut { get; init; }

    /// <summary>How its controller replaces the pods part by part: the Pace safeguard applies; null where it cannot.</summary>
    public InPlaceRollout? InPlace { get; init; }

    /// <summary>The <c>spec</c> of a patch that sets a partition; null where the kind has none.</summary>
    internal Func<int, string>? PartitionPatch { get; init; }

    /// <summary>A partition can hold its old revision.</summary>
    public bool HasPartition => PartitionPatch is not null;

    /// <summary>Where its controller keeps the revisions that it can go back to.</summary>
    public RevisionStore RevisionsIn { get; init; }

    /// <summary>Each of its revisions is a ReplicaSet, whose pods count with it.</summary>
    public bool HasReplicaSets => RevisionsIn is RevisionStore.ReplicaSets;

    /// <summary>It makes pods itself, from ControllerRevisions: whichever pod is gone comes back from the newest.</summary>
    public bool HasControllerRevisions => RevisionsIn is RevisionStore.ControllerRevisions;

    /// <summary>Its status names the newest revision and the one before; of others the numbers tell.</summary>
    public bool StatusNamesRevisions { get; init; }

    /// <summary>How its status says how far it is.</summary>
    public KindStatus Status { get; init; } = new();

    // ---- Owners ----

    /// <summary>Accounts in <c>kube-system</c> of the controllers that make it; they are trusted for this kind.</summary>
    public IReadOnlyList<string> MadeBy { get; init; } = [];

    /// <summary>Controllers make it for an owner; people can write it too.</summary>
    public bool IsMadeByControllers => MadeBy.Count > 0 && !IsWrittenByControllersAlone;

    /// <summary>It is one revision of a Deployment, which takes it in by a selector and tells it how many pods to have.</summary>
    public bool HoldsOneRevision { get; init; }

    /// <summary>Its pods count with its owner: those of a ReplicaSet with a Deployment, those of a Job with a CronJob.</summary>
    public bool CountsWithOwner => HoldsOneRevision || RunsOnce;

    /// <summary>Its labels decide which controller counts it, and which Service selects it.</summary>
    public bool IsTakenInByLabels { get; init; }

    /// <summary>Its owner makes up for it at once when it is gone, and may do so with another revision.</summary>
    public bool IsReplacedWhenDeleted { get; init; }

    /// <summary>Kubelets write it too: the mirrors of their static pods.</summary>
    public bool IsWrittenByKubelets { get; init; }

    /// <summary>Nobody else has a reason to write it: it would make its owner run what nobody evaluated.</summary>
    public bool IsWrittenByControllersAlone { get; init; }

    /// <summary>An object of this kind.</summary>
    public WorkloadRef Named(string @namespace, string name) => new(ApiGroup, Name, @namespace, name);

    /// <summary>
    /// What holds of another group's kind of the same name, such as OpenKruise's StatefulSet. Its pods are counted like those of the
    /// built-in one, as policies match kinds by name. Where Kubernetes' own fields, labels or habits matter, it is a custom kind.
    /// </summary>
    internal WorkloadKind Namesake() => this with
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

/// <summary>Where a controller keeps the revisions of a workload.</summary>
public enum RevisionStore
{
    None,
    ReplicaSets,
    ControllerRevisions,
}

/// <summary>Whether a controller wrote a label of the template that an object holds.</summary>
/// <param name="isRead">Whether the pod reads its labels.</param>
internal delegate bool ControllerLabel(TemplateHolder holder, string key, string value, bool isRead);
