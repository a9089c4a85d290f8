using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>A Pod: it is its own template. Most Pods are created and replaced by a controller.</summary>
internal static class Pod
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "Pod",
            ApiGroup = "",
            Resource = "pods",
            ShortName = "po",
            TemplatePath = "",
            ReadSize = _ => 1,
            IsSized = false,
            IsOnePod = true,
            IsControllerLabel = ControllerLabels.IsOfPod,
            Serves = true,
            IsShortLived = true,
            Status = new KindStatus { IsComplete = IsComplete },
            CreatorAccounts =
            [
                "replicaset-controller",
                "replication-controller",
                "daemon-set-controller",
                "statefulset-controller",
                "job-controller",
            ],
            IsSelectedByLabels = true,
            IsReplacedWhenDeleted = true,
            IsWrittenByKubelets = true,
        };

    private static bool IsComplete(JsonElement status, int desired) =>
        (status.TryGetProperty("phase", out var phase) && phase.ValueEquals("Succeeded")) || KindStatus.HasCondition(status, "Ready");
}
