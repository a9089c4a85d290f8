namespace DeployGuard.Core.Workloads;

/// <summary>A StatefulSet: pods with ordinals, replaced from the highest down to a partition. It never surges.</summary>
internal static class StatefulSet
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "StatefulSet",
            ApiGroup = "apps",
            Resource = "statefulsets",
            ShortName = "sts",
            HasScale = true,
            TemplatePath = "spec.template",
            HasOrdinals = true,
            CreatesPods = true,
            ReadSelector = PodSelectorReader.OfRequirements,
            HasClaims = true,
            Serves = true,
            RollsOut = true,
            InPlace = new InPlaceRollout
            {
                Surging = Surging.Never,
                Batch = w => RolloutBatch.Unavailable(w).CeilingOf(w.Replicas),
                PacePatch = PacePatch,
            },
            PartitionPatch = partition =>
                $"{{\"updateStrategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"partition\":{partition}}}}}}}",
            RevisionsIn = RevisionStore.ControllerRevisions,
            StatusNamesRevisions = true,
            Status = new KindStatus
            {
                IsComplete = (status, desired) =>
                    desired > 0
                    && KindStatus.All(status, desired, "replicas", "readyReplicas")
                    && status.TryGetProperty("updateRevision", out var update)
                    && status.TryGetProperty("currentRevision", out var current)
                    && current.ValueEquals(update.GetString()),
            },
        };

    private static string PacePatch(Workload patched, int batch) =>
        $"{{\"minReadySeconds\":{patched.Strategy.MinReadySeconds}"
        + $",\"updateStrategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"maxUnavailable\":{batch}}}}}}}";
}
