namespace DeployGuard.Core.Workloads;

/// <summary>How the kinds say how many pods they are to have. Each is given the whole object.</summary>
internal static class Sizes
{
    /// <summary><c>spec.replicas</c>, 1 where it is absent.</summary>
    /// <exception cref="MalformedObjectException">It has no spec, or replicas that are no number.</exception>
    public static int OfReplicas(Field root) => root.RequiredObject("spec").Int("replicas") ?? 1;

    /// <summary>Nobody asks for a number of them: its controller counts the nodes.</summary>
    public static int OfNodes(Field root) => root.Object("status")?.Int("desiredNumberScheduled") ?? 0;

    public static int OfJob(Field root) => Parallelism(root.RequiredObject("spec"));

    public static int OfCronJob(Field root) =>
        root.RequiredObject("spec") is var cron && cron.Flag("suspend")
            ? 0
            : Parallelism(cron.RequiredObject("jobTemplate").RequiredObject("spec"));

    /// <summary>Pods that a Job runs at once; none while it is suspended.</summary>
    private static int Parallelism(Field job) => job.Flag("suspend") ? 0 : job.Int("parallelism") ?? 1;
}
