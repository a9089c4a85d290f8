namespace DeployGuard.Core.Workloads;

/// <summary>A ReplicaSet: one revision of a Deployment, or rarely a workload of its own. It never replaces a running pod.</summary>
internal static class ReplicaSet
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "ReplicaSet",
            ApiGroup = "apps",
            Resource = "replicasets",
            ShortName = "rs",
            HasScale = true,
            TemplatePath = "spec.template",
            CreatesPods = true,
            ReadSelector = PodSelectorReader.OfRequirements,
            IsControllerLabel = ControllerLabels.IsOfReplicaSet,
            Serves = true,
            RollsOut = true,
            Status = new KindStatus
            {
                IsComplete = (status, desired) => desired > 0 && KindStatus.All(status, desired, "replicas", "availableReplicas"),
            },
            CreatorAccounts = ["deployment-controller"],
            HoldsOneRevision = true,
            IsSelectedByLabels = true,
            IsReplacedWhenDeleted = true,
        };
}
