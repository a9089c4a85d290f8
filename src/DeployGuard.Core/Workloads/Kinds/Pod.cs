using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>A Pod: its own template. Most are made by a controller, which makes another when one is gone.</summary>
internal static class Pod
{
    public static WorkloadKind Describe() => new()
    {
        Name = "Pod",
        ApiGroup = "",
        Resource = "pods",
        TemplatePath = "",
        ReadSize = _ => 1,
        IsSized = false,
        IsOnePod = true,
        IsControllerLabel = ControllerLabels.IsOfPod,
        Serves = true,
        IsShortLived = true,
        Status = new KindStatus { IsComplete = IsComplete },
        MadeBy = ["replicaset-controller", "replication-controller", "daemon-set-controller", "statefulset-controller", "job-controller"],
        IsTakenInByLabels = true,
        IsReplacedWhenDeleted = true,
        IsWrittenByKubelets = true,
    };

    private static bool IsComplete(JsonElement status, int desired) =>
        (status.TryGetProperty("phase", out var phase) && phase.ValueEquals("Succeeded")) || KindStatus.HasCondition(status, "Ready");
}
