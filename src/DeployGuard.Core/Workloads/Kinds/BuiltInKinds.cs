using System.Collections.Frozen;

namespace DeployGuard.Core.Workloads;

/// <summary>The kinds of Kubernetes that DeployGuard knows, in the order in which messages list them.</summary>
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
    private static readonly WorkloadKind s_other = new() { Name = "", ApiGroup = "", Resource = "", IsCustom = true };

    private static readonly FrozenDictionary<string, (WorkloadKind BuiltIn, WorkloadKind Namesake)> s_byName =
        All.ToFrozenDictionary(k => k.Name, k => (k, k.Namesake()), StringComparer.Ordinal);

    /// <summary>
    /// What is known of a kind. Another group's kind of the same name is a <see cref="WorkloadKind.Namesake"/>. Any other kind has the
    /// values of a custom one, whose template only <see cref="WorkloadKinds"/> can find.
    /// </summary>
    public static WorkloadKind Of(string apiGroup, string kind) =>
        !s_byName.TryGetValue(kind, out var found) ? s_other
        : found.BuiltIn.ApiGroup == GroupToday(apiGroup) ? found.BuiltIn
        : found.Namesake;

    /// <summary>The same by the name alone, for names that no group is told of; null if no built-in kind is called that.</summary>
    public static WorkloadKind? Find(string kind) => s_byName.TryGetValue(kind, out var found) ? found.BuiltIn : null;

    /// <summary>Kinds of <c>apps</c> were served by <c>extensions</c> before; a conversion may still send them under that name.</summary>
    public static string GroupToday(string apiGroup) => apiGroup == "extensions" ? "apps" : apiGroup;
}
