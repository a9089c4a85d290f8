using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// What moves an object from one workload or Service to another, or ends it: a pod that loses the label by which its ReplicaSet counts goes on serving, and the
/// ReplicaSet makes one more. A CronJob makes another Job for one that it has lost.
/// </summary>
internal static class ObjectMoves
{
    /// <summary>What moves it, for the log; null where nothing does. Of other kinds neither decides who serves whom.</summary>
    public static string? Of(Workload before, Workload after) =>
        after.Ref.Kind is not ("Pod" or "ReplicaSet" or "Job") ? null
        : after.Ref.Kind != "Job" && !Maps.Same(before.Labels, after.Labels) ? "labels that decide who counts it and whom it serves"
        : !before.OwnerReferences.SequenceEqual(after.OwnerReferences) ? "other owners"
        : EndsSooner(before, after) ? "a deadline that ends it"
        : null;

    /// <summary>The kubelet ends a pod at its deadline, and its controller makes up for it as if somebody had deleted it.</summary>
    public static bool EndsSooner(Workload before, Workload after) => after.ActiveDeadline is { } end && (before.ActiveDeadline is not { } was || end < was);
}
