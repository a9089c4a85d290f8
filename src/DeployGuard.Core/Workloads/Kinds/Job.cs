namespace DeployGuard.Core.Workloads;

/// <summary>A Job: its pods run to completion. A CronJob creates the next one on schedule.</summary>
internal static class Job
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "Job",
            ApiGroup = "batch",
            Resource = "jobs",
            TemplatePath = "spec.template",
            ReadSize = Sizes.OfJob,
            CreatesPods = true,
            ReadSelector = PodSelectorReader.OfRequirements,
            IsControllerLabel = ControllerLabels.IsOfJob,
            Serves = true,
            RunsOnce = true,
            IsStartedByQueues = true,
            IsShortLived = true,
            Status = new KindStatus
            {
                // Servers before 1.24 report only the active pods of a Job.
                ReadyPods = ["ready", "active"],
                IsComplete = (status, _) => KindStatus.HasCondition(status, "Complete"),
            },
            CreatorAccounts = ["cronjob-controller"],
        };
}
