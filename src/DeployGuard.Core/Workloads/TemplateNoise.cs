using System.Security.Cryptography;
using System.Text;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Labels and annotations of a pod template that do not change what runs. Templates that differ only in these are one revision.
/// Configuration can extend the defaults and cannot remove any. A value that the pod reads is never noise.
/// </summary>
/// <param name="moreRestarts">Further restart annotations. <see cref="NoiseKey"/> decides which keys are permitted.</param>
/// <param name="moreLabels">Further naming labels.</param>
public sealed class TemplateNoise(IEnumerable<string> moreRestarts, IEnumerable<string> moreLabels)
{
    private const string OwnPrefix = "deployguard.io/";

    private readonly HashSet<string> _restarts = [.. moreRestarts, .. DefaultRestarts];

    private readonly HashSet<string> _labels = [.. moreLabels, .. DefaultLabels];

    /// <summary>
    /// Annotations with which well-known tools restart a workload and which nothing reads: kubectl, Stakater Reloader, HashiCorp Vault
    /// Secrets Operator, the OpenShift console, Rancher.
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

    /// <summary>Every restart annotation, sorted. The API server uses the list to skip requests that only restart.</summary>
    public IReadOnlyList<string> Restarts => [.. _restarts.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Eight hexadecimal digits that identify the list. With another list, templates that use its keys have other hashes. The defaults are
    /// included, because a later release may change them.
    /// </summary>
    public string Fingerprint => FingerprintOf(_restarts, _labels);

    internal static string FingerprintOf(IEnumerable<string> restarts, IEnumerable<string> labels)
    {
        var keys = restarts.Select(k => $"annotation {k}").Concat(labels.Select(k => $"label {k}")).Order(StringComparer.Ordinal);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', keys))))[..8];
    }

    /// <summary>Whether it is a restart annotation. If the pods read it, its value must be a time.</summary>
    public bool IsRestart(string key) => _restarts.Contains(key);

    /// <param name="isRead">Whether the pod reads any of its annotations.</param>
    public bool IsAnnotationNoise(string key, string value, bool isRead) =>
        isRead ? IsRestart(key) && RestartTime.IsTime(value) : IsRestart(key) || key.StartsWith(OwnPrefix, StringComparison.Ordinal);

    /// <param name="isRead">Whether the pod reads any of its labels.</param>
    public bool IsLabelNoise(string key, bool isRead) => !isRead && _labels.Contains(key);
}
