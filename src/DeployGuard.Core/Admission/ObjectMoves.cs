using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// Changes that move an object from one workload or Service to another, or end it. A pod that loses the label of its ReplicaSet continues
/// to serve, and its ReplicaSet creates another one. A CronJob creates another Job for one that it has lost.
/// </summary>
internal static class ObjectMoves
{
    /// <summary>
    /// The change that moves it, for the log; null if there is none. For other kinds, labels and owners do not decide which pods serve.
    /// </summary>
    public static string? Of(Workload before, Workload after) =>
        !after.Type.IsCreatedByControllers ? null
        : after.Type.IsSelectedByLabels && !Maps.Same(before.Labels, after.Labels) ? "labels that controllers or Services select"
        : !before.OwnerReferences.SequenceEqual(after.OwnerReferences) ? "other owners"
        : EndsSooner(before, after) ? "a deadline that ends it"
        : null;

    /// <summary>The kubelet ends a pod at its deadline, and its controller replaces it as if a user had deleted it.</summary>
    public static bool EndsSooner(Workload before, Workload after) =>
        after.ActiveDeadline is { } end && (before.ActiveDeadline is not { } was || end < was);
}
