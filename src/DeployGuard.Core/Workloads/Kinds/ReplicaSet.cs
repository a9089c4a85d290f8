namespace DeployGuard.Core.Workloads;

/// <summary>A ReplicaSet: one revision of a Deployment, seldom a workload of its own. It never replaces a pod that runs.</summary>
internal static class ReplicaSet
{
    public static WorkloadKind Describe() => new()
    {
        Name = "ReplicaSet",
        ApiGroup = "apps",
        Resource = "replicasets",
        HasScale = true,
        TemplatePath = "spec.template",
        MakesPods = true,
        ReadSelector = PodSelectorReader.OfRequirements,
        IsControllerLabel = ControllerLabels.IsOfReplicaSet,
        Serves = true,
        RollsOut = true,
        Status = new KindStatus
        {
            IsComplete = (status, desired) => desired > 0 && KindStatus.All(status, desired, "replicas", "availableReplicas"),
        },
        MadeBy = ["deployment-controller"],
        HoldsOneRevision = true,
        IsTakenInByLabels = true,
        IsReplacedWhenDeleted = true,
    };
}
