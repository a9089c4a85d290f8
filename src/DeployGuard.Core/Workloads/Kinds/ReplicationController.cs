namespace DeployGuard.Core.Workloads;

/// <summary>A ReplicationController: what ReplicaSets came from. People write it, and nothing owns it.</summary>
internal static class ReplicationController
{
    public static WorkloadKind Describe() => new()
    {
        Name = "ReplicationController",
        ApiGroup = "",
        Resource = "replicationcontrollers",
        HasScale = true,
        TemplatePath = "spec.template",
        MakesPods = true,
        ReadSelector = PodSelectorReader.OfLabels,
        Serves = true,
        RollsOut = true,
        Status = new KindStatus
        {
            IsComplete = (status, desired) => desired > 0 && KindStatus.All(status, desired, "replicas", "availableReplicas"),
        },
    };
}
