using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// The partition with which a StatefulSet would pass. It needs neither a pace nor probes: the ordinals below it keep their revision.
/// </summary>
internal static class StatefulSetRemedy
{
    /// <summary>A partition between the requested one and the current one; null if there is none.</summary>
    public static CanaryOffer? Lower(Inspection inspection, Workload after)
    {
        var (before, request) = (inspection.Evaluated.Before, inspection.Evaluated.Request);
        var isNew = before?.Template.Hash != after.Template.Hash;
        var from = isNew ? 0 : before?.PodsAbovePartition ?? 0;
        var asked = after.PodsAbovePartition;
        var most = inspection.HighestAsked(pods => At(after, pods), from, asked);
        if (most <= from)
        {
            return null;
        }

        var partition = PartitionOf(after, most);
        var source = Edits.By(request).Source();
        var edit = source is not null
            ? $"set partition {partition} in {source}: {{\"spec\":{Spec(after, most)}}}"
            : $"set partition {partition}: {Edits.PatchCommand(after.Ref, Spec(after, most))}";
        return new CanaryOffer(
            most,
            edit,
            isNew || source is not null ? Edits.Patch(inspection.Evaluated, after.Ref, Spec(after, most)) : $"S{edit[1..]}",
            most == asked
        );
    }

    /// <summary>Whether a partition holds the same revision back now.</summary>
    public static bool IsUnderWay(Inspection inspection, Workload after) =>
        inspection.Evaluated.Before is { IsPartitioned: true } before && before.Template.Hash == after.Template.Hash;

    /// <summary>A partition for a StatefulSet that is changed without one; null if not even one pod may run the revision.</summary>
    public static string? HoldBack(Inspection inspection, Workload after) =>
        inspection.Highest(pods => At(after, pods), 0, after.Replicas) is > 0 and var most
            ? Edits.Patch(inspection.Evaluated, after.Ref, Spec(after, most))
            : null;

    /// <summary>The workload with a partition at which so many pods run the newest revision.</summary>
    private static Workload At(Workload after, int pods) =>
        after with
        {
            Strategy = after.Strategy with { Type = "RollingUpdate", Partition = PartitionOf(after, pods) },
        };

    private static string Spec(Workload after, int pods) =>
        after.Type.PartitionPatch is { } patch
            ? patch(PartitionOf(after, pods))
            : throw new InvalidOperationException($"{after.Ref} has no partition");

    private static int PartitionOf(Workload after, int pods) => after.Replicas - pods;
}
