namespace DeployGuard.Core.Workloads.Legacy;

/// <summary>The labels and annotations that version 1 of the hash left out. To be removed with <see cref="LegacyTemplateHash"/>.</summary>
internal static class LegacyNoise
{
    private const string OwnPrefix = "deployguard.io/";
    private const string JobPrefix = "batch.kubernetes.io/";

    private static readonly HashSet<string> s_controllersLabels =
    [
        "pod-template-hash",
        "pod-template-generation",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
    ];

    public static bool IsAnnotation(string key) =>
        key.StartsWith(OwnPrefix, StringComparison.Ordinal) || IsOfJobs(key) || key == "kubectl.kubernetes.io/restartedAt";

    public static bool IsLabel(string key) => IsOfControllers(key) || key is "helm.sh/chart" or "app.kubernetes.io/version";

    public static bool IsOfControllers(string key) => IsOfJobs(key) || s_controllersLabels.Contains(key);

    private static bool IsOfJobs(string key) => key.StartsWith(JobPrefix, StringComparison.Ordinal);
}
