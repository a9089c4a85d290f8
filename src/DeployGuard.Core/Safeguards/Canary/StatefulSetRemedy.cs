using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The partition with which a StatefulSet would pass. It needs neither a pace nor probes: the ordinals below it keep their revision.
/// </summary>
internal static class StatefulSetRemedy
{
    /// <summary>A partition between the requested one and the current one; null if there is none.</summary>
    public static string? Lower(Inspection inspection, Workload after)
    {
        var before = inspection.Evaluated.Before;
        var isNew = before?.Template.Hash != after.Template.Hash;
        var from = isNew ? 0 : before?.PodsAbovePartition ?? 0;
        var exposed = after.PodsAbovePartition;
        var most = Most(inspection, after, from, exposed);
        return most <= from ? null : $"{(isNew ? "Add this to your manifest, or run it and retry" : "Now")}: {Patch(after, most)}";
    }

    /// <summary>A partition for a StatefulSet that is changed without one; null if not even one pod may run the revision.</summary>
    public static string? HoldBack(Inspection inspection, Workload after) =>
        Most(inspection, after, 0, after.Replicas) is > 0 and var most
            ? $"Add this to your manifest, or run it and retry: {Patch(after, most)}"
            : null;

    private static int Most(Inspection inspection, Workload after, int from, int exposed) =>
        inspection.Highest(
            pods => after with { Strategy = after.Strategy with { Type = "RollingUpdate", Partition = PartitionOf(after, pods) } },
            from,
            exposed
        );

    private static string Patch(Workload after, int exposed) =>
        $"kubectl patch {after.Ref.KubectlName} -n {after.Ref.Namespace} --type=merge -p "
        + $"'{{\"spec\":{PatchOf(after)(PartitionOf(after, exposed))}}}'";

    private static Func<int, string> PatchOf(Workload after) =>
        after.Type.PartitionPatch ?? throw new InvalidOperationException($"{after.Ref} has no partition");

    /// <summary>The partition at which so many pods run the newest revision.</summary>
    private static int PartitionOf(Workload after, int pods) => after.Replicas - pods;
}
