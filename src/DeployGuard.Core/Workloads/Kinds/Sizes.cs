namespace DeployGuard.Core.Workloads;

/// <summary>Reads the desired number of pods from the whole object, for each kind.</summary>
internal static class Sizes
{
    /// <summary><c>spec.replicas</c>, 1 where it is absent.</summary>
    /// <exception cref="MalformedObjectException">It has no spec, or its replicas are not a number.</exception>
    public static int OfReplicas(Field root) => root.RequiredObject("spec").Int("replicas") ?? 1;

    /// <summary>No field requests a number of pods: the controller counts the nodes.</summary>
    public static int OfNodes(Field root) => root.Object("status")?.Int("desiredNumberScheduled") ?? 0;

    public static int OfJob(Field root) => Parallelism(root.RequiredObject("spec"));

    public static int OfCronJob(Field root) =>
        root.RequiredObject("spec") is var cron && cron.Flag("suspend")
            ? 0
            : Parallelism(cron.RequiredObject("jobTemplate").RequiredObject("spec"));

    /// <summary>Pods that a Job runs at once; 0 while it is suspended.</summary>
    private static int Parallelism(Field job) => job.Flag("suspend") ? 0 : job.Int("parallelism") ?? 1;
}
