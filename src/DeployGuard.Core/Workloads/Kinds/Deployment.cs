namespace DeployGuard.Core.Workloads;

/// <summary>A Deployment: one ReplicaSet for each revision. During a rollout, old and new pods run side by side.</summary>
internal static class Deployment
{
    private static readonly IntOrPercent s_quarter = new(25, IsPercent: true);

    public static WorkloadKind Describe() =>
        new()
        {
            Name = "Deployment",
            ApiGroup = "apps",
            Resource = "deployments",
            ShortName = "deploy",
            HasScale = true,
            TemplatePath = "spec.template",
            ReadSelector = PodSelectorReader.OfRequirements,
            Serves = true,
            RollsOut = true,
            InPlace = new InPlaceRollout
            {
                DefaultSurge = s_quarter,
                DefaultUnavailable = s_quarter,
                Surging = Surging.Besides,
                Batch = w => RolloutBatch.Surge(w).CeilingOf(w.Replicas) + RolloutBatch.Unavailable(w).FloorOf(w.Replicas),
                HasProgressDeadline = true,
                PacePatch = PacePatch,
            },
            RevisionsIn = RevisionStore.ReplicaSets,
        };

    private static string PacePatch(Workload patched, int batch) =>
        $"{{\"minReadySeconds\":{patched.Strategy.MinReadySeconds},\"progressDeadlineSeconds\":{patched.Strategy.ProgressDeadlineSeconds}"
        + $",\"strategy\":{{\"type\":\"RollingUpdate\",\"rollingUpdate\":{{\"maxSurge\":{batch},\"maxUnavailable\":0}}}}}}";
}
