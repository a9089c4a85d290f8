using System.Collections.Frozen;

namespace DeployGuard.Core.Workloads;

/// <summary>The built-in kinds of Kubernetes, in the order in which messages list them.</summary>
public static class BuiltInKinds
{
    public static WorkloadKind Deployment { get; } = Workloads.Deployment.Describe();

    public static WorkloadKind StatefulSet { get; } = Workloads.StatefulSet.Describe();

    public static WorkloadKind DaemonSet { get; } = Workloads.DaemonSet.Describe();

    public static WorkloadKind ReplicaSet { get; } = Workloads.ReplicaSet.Describe();

    public static WorkloadKind ReplicationController { get; } = Workloads.ReplicationController.Describe();

    public static WorkloadKind ControllerRevision { get; } = Workloads.ControllerRevision.Describe();

    public static WorkloadKind Job { get; } = Workloads.Job.Describe();

    public static WorkloadKind CronJob { get; } = Workloads.CronJob.Describe();

    public static WorkloadKind Pod { get; } = Workloads.Pod.Describe();

    public static IReadOnlyList<WorkloadKind> All { get; } =
    [Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, ControllerRevision, Job, CronJob, Pod];

    /// <summary>What every custom kind is, for every decision. <see cref="CustomKind.Describe"/> adds only names and the path.</summary>
    private static readonly WorkloadKind s_other = new()
    {
        Name = "",
        ApiGroup = "",
        Resource = "",
        IsCustom = true,
    };

    private static readonly FrozenDictionary<string, (WorkloadKind BuiltIn, WorkloadKind Namesake)> s_byName = All.ToFrozenDictionary(
        k => k.Name,
        k => (k, k.Namesake()),
        StringComparer.Ordinal
    );

    /// <summary>
    /// The descriptor of a kind. A kind of the same name in another group is a <see cref="WorkloadKind.Namesake"/>. Any other kind has the
    /// defaults of a custom kind; only <see cref="WorkloadKinds"/> has its template path.
    /// </summary>
    public static WorkloadKind Of(string apiGroup, string kind) =>
        !s_byName.TryGetValue(kind, out var found) ? s_other
        : found.BuiltIn.ApiGroup == CurrentGroup(apiGroup) ? found.BuiltIn
        : found.Namesake;

    /// <summary>The built-in kind of a name, for inputs without a group; null if there is none.</summary>
    public static WorkloadKind? Find(string kind) => s_byName.TryGetValue(kind, out var found) ? found.BuiltIn : null;

    /// <summary>The current group. The API server may convert an object to the former group <c>extensions</c>.</summary>
    public static string CurrentGroup(string apiGroup) => apiGroup == "extensions" ? "apps" : apiGroup;
}
