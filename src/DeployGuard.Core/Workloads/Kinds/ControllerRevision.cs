namespace DeployGuard.Core.Workloads;

/// <summary>A ControllerRevision: a revision that a StatefulSet or DaemonSet can roll back to. It is not a workload.</summary>
internal static class ControllerRevision
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "ControllerRevision",
            ApiGroup = "apps",
            Resource = "controllerrevisions",
            CreatorAccounts = ["daemon-set-controller", "statefulset-controller"],
            IsWrittenByControllersAlone = true,
        };
}
