namespace DeployGuard.Core.Workloads;

/// <summary>A ReplicationController: the predecessor of the ReplicaSet. Users create it, and no owner manages it.</summary>
internal static class ReplicationController
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "ReplicationController",
            ApiGroup = "",
            Resource = "replicationcontrollers",
            ShortName = "rc",
            HasScale = true,
            TemplatePath = "spec.template",
            CreatesPods = true,
            ReadSelector = PodSelectorReader.OfLabels,
            Serves = true,
            RollsOut = true,
            Status = new KindStatus
            {
                IsComplete = (status, desired) => desired > 0 && KindStatus.All(status, desired, "replicas", "availableReplicas"),
            },
        };
}
