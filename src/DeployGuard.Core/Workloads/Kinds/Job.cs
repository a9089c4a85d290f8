namespace DeployGuard.Core.Workloads;

/// <summary>A Job: pods that do their work and end. A CronJob makes another only at its next time.</summary>
internal static class Job
{
    public static WorkloadKind Describe() => new()
    {
        Name = "Job",
        ApiGroup = "batch",
        Resource = "jobs",
        TemplatePath = "spec.template",
        ReadSize = Sizes.OfJob,
        MakesPods = true,
        ReadSelector = PodSelectorReader.OfRequirements,
        IsControllerLabel = ControllerLabels.IsOfJob,
        Serves = true,
        RunsOnce = true,
        IsStartedByQueues = true,
        IsShortLived = true,
        Status = new KindStatus
        {
            // Servers before 1.24 count the active pods of a Job and not the ready ones.
            ReadyPods = ["ready", "active"],
            IsComplete = (status, _) => KindStatus.HasCondition(status, "Complete"),
        },
        MadeBy = ["cronjob-controller"],
    };
}
