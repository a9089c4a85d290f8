using System.Security.Cryptography;
using System.Text;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Labels and annotations of a pod template that do not change what runs. Two templates that differ only in these are one
/// revision. The defaults can be added to, never taken from. What the pod reads is no noise, whatever its key is for.
/// </summary>
/// <param name="moreRestarts">Further annotations that restart a workload. <see cref="NoiseKey"/> says which can be none.</param>
/// <param name="moreLabels">Further labels that only name what runs.</param>
public sealed class TemplateNoise(IEnumerable<string> moreRestarts, IEnumerable<string> moreLabels)
{
    private const string OwnPrefix = "deployguard.io/";

    private readonly HashSet<string> _restarts = [.. moreRestarts, .. DefaultRestarts];

    private readonly HashSet<string> _labels = [.. moreLabels, .. DefaultLabels];

    /// <summary>
    /// What well-known tools write to restart a workload, and nothing reads: kubectl, Stakater Reloader, HashiCorp's Vault Secrets
    /// Operator, the OpenShift console, Rancher.
    /// </summary>
    public static IReadOnlyList<string> DefaultRestarts { get; } =
    [
        "kubectl.kubernetes.io/restartedAt",
        "reloader.stakater.com/last-reloaded-from",
        "vso.secrets.hashicorp.com/restartedAt",
        "openshift.openshift.io/restartedAt",
        "cattle.io/timestamp",
    ];

    public static IReadOnlyList<string> DefaultLabels { get; } = ["helm.sh/chart", "app.kubernetes.io/version"];

    public static TemplateNoise Default { get; } = new([], []);

    /// <summary>Every restart annotation, sorted: for the API server, which drops what only restarts.</summary>
    public IReadOnlyList<string> Restarts => [.. _restarts.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Tells one list from another, eight hexadecimal digits. Another list gives templates that have one of its keys another hash. The defaults
    /// count as well: a later release may have others.
    /// </summary>
    public string Fingerprint => FingerprintOf(_restarts, _labels);

    internal static string FingerprintOf(IEnumerable<string> restarts, IEnumerable<string> labels)
    {
        var keys = restarts.Select(k => $"annotation {k}").Concat(labels.Select(k => $"label {k}")).Order(StringComparer.Ordinal);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', keys))))[..8];
    }

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
