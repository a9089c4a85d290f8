namespace DeployGuard.Core.Workloads;

/// <summary>A CronJob: it makes Jobs, whose pods count with it.</summary>
internal static class CronJob
{
    public static WorkloadKind Describe() => new()
    {
        Name = "CronJob",
        ApiGroup = "batch",
        Resource = "cronjobs",
        TemplatePath = "spec.jobTemplate.spec.template",
        ReadSize = Sizes.OfCronJob,
        Serves = true,
        RunsOnSchedule = true,
        // Complete with the first of its Jobs that is, which only the cache of Jobs can tell.
        Status = new KindStatus { IsComplete = (_, _) => false },
    };
}
