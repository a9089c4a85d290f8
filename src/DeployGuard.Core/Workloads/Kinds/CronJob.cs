namespace DeployGuard.Core.Workloads;

/// <summary>A CronJob. It creates Jobs, whose pods count with it.</summary>
internal static class CronJob
{
    public static WorkloadKind Describe() =>
        new()
        {
            Name = "CronJob",
            ApiGroup = "batch",
            Resource = "cronjobs",
            ShortName = "cj",
            TemplatePath = "spec.jobTemplate.spec.template",
            ReadSize = Sizes.OfCronJob,
            Serves = true,
            RunsOnSchedule = true,
            // It is complete when its first Job is. Only the cache of Jobs shows that.
            Status = new KindStatus { IsComplete = (_, _) => false },
        };
}
