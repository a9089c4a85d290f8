namespace DeployGuard.Core.Workloads;

/// <summary>A DaemonSet: one pod on each matching node. It either surges or makes pods unavailable.</summary>
internal static class DaemonSet
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "DaemonSet",
            ApiGroup = "apps",
            Resource = "daemonsets",
            ShortName = "ds",
            TemplatePath = "spec.template",
            ReadSize = Sizes.OfNodes,
            IsSized = false,
            RunsOnEveryNode = true,
            CreatesPods = true,
            ReadSelector = PodSelectorReader.OfRequirements,
            Serves = true,
            RollsOut = true,
            InPlace = new InPlaceRollout
            {
                Surging = Surging.Instead,
                Batch = w => RolloutBatch.Surge(w).CeilingOf(w.Replicas) + RolloutBatch.Unavailable(w).CeilingOf(w.Replicas),
                PacePatch = PacePatch,
            },
            RevisionsIn = RevisionStore.ControllerRevisions,
            Status = new KindStatus
            {
                ReadyPods = ["numberReady"],
                UpdatedPods = "updatedNumberScheduled",
                IsComplete = (status, _) =>
                    KindStatus.Number(status, "desiredNumberScheduled") is > 0 and var nodes
                    && KindStatus.All(status, nodes, "updatedNumberScheduled", "numberAvailable"),
            },
        };

    /// <summary>The API server accepts only one of the two.</summary>
    private static string PacePatch(Workload patched, int batch) =>
        $"{{\"minReadySeconds\":{patched.Strategy.MinReadySeconds},\"updateStrategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":"
        + (
            RolloutBatch.SurgesOnly(patched)
                ? $"{{\"maxSurge\":{batch},\"maxUnavailable\":0}}"
                : $"{{\"maxUnavailable\":{batch},\"maxSurge\":null}}"
        )
        + "}}";
}
