namespace DeployGuard.Core.Workloads;

/// <summary>
/// Labels and annotations of a pod template that do not change what runs. Two templates that differ only in these are one
/// revision. The defaults can be added to, never taken from. What the pod reads is no noise, whatever its key is for.
/// </summary>
/// <param name="moreRestarts">Further annotations that restart a workload.</param>
/// <param name="moreLabels">Further labels that only name what runs.</param>
public sealed class TemplateNoise(IEnumerable<string> moreRestarts, IEnumerable<string> moreLabels)
{
    private const string OwnPrefix = "deployguard.io/";

    private readonly HashSet<string> _restarts = [.. moreRestarts, "kubectl.kubernetes.io/restartedAt"];

    private readonly HashSet<string> _labels = [.. moreLabels, "helm.sh/chart", "app.kubernetes.io/version"];

    public static TemplateNoise Default { get; } = new([], []);

    /// <summary>
    /// An annotation that restarts what has it. A restart stays one where its pods read it, as long as it says a time and no more.
    /// </summary>
    public bool IsRestart(string key) => _restarts.Contains(key);

    /// <param name="isRead">Whether the pod reads any of its annotations.</param>
    public bool IsAnnotationNoise(string key, string value, bool isRead) => isRead
        ? IsRestart(key) && RestartTime.IsTime(value)
        : IsRestart(key) || key.StartsWith(OwnPrefix, StringComparison.Ordinal);

    /// <param name="isRead">Whether the pod reads any of its labels.</param>
    public bool IsLabelNoise(string key, bool isRead) => !isRead && _labels.Contains(key);
}
