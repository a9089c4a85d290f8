namespace DeployGuard.Core.Workloads;

/// <summary>A ControllerRevision: a revision that a StatefulSet or DaemonSet can go back to. It is no workload.</summary>
internal static class ControllerRevision
{
    public static WorkloadKind Describe() => new()
    {
        Name = "ControllerRevision",
        ApiGroup = "apps",
        Resource = "controllerrevisions",
        MadeBy = ["daemon-set-controller", "statefulset-controller"],
        IsWrittenByControllersAlone = true,
    };
}
