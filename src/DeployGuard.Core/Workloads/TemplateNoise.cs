namespace DeployGuard.Core.Workloads;

/// <summary>
/// Labels and annotations of a pod template that do not change what runs. Two templates that differ only in these are one
/// revision. The defaults can be added to, never taken from.
/// </summary>
public sealed class TemplateNoise(IEnumerable<string> moreAnnotations, IEnumerable<string> moreLabels)
{
    private const string OwnPrefix = "deployguard.io/";
    private const string JobPrefix = "batch.kubernetes.io/";

    private readonly HashSet<string> _annotations = [.. moreAnnotations, "kubectl.kubernetes.io/restartedAt"];

    private readonly HashSet<string> _labels = [.. moreLabels, "helm.sh/chart", "app.kubernetes.io/version"];

    /// <summary>Written by controllers when they copy the template.</summary>
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

    public static TemplateNoise Default { get; } = new([], []);

    public bool IsAnnotationNoise(string key) =>
        key.StartsWith(OwnPrefix, StringComparison.Ordinal) || IsJobNoise(key) || _annotations.Contains(key);

    public bool IsLabelNoise(string key) => IsControllersLabel(key) || _labels.Contains(key);

    public static bool IsControllersLabel(string key) => IsJobNoise(key) || s_controllersLabels.Contains(key);

    private static bool IsJobNoise(string key) => key.StartsWith(JobPrefix, StringComparison.Ordinal);
}
