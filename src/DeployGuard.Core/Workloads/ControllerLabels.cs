using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Labels that controllers write, each on the kind that its controller writes and in the form that it writes. Anywhere else, or with
/// any other value, a label of such a name is its author's.
/// </summary>
internal static partial class ControllerLabels
{
    private const string TemplateHashLabel = "pod-template-hash";

    /// <param name="isRead">Whether the pod reads its labels.</param>
    public static bool IsNoise(TemplateHolder holder, string key, string value, bool isRead) => holder switch
    {
        { IsReplicaSet: true } => key == TemplateHashLabel && IsHashOf(holder.Name, value),
        { IsJob: true } => IsOfJob(holder, key, value),
        // A controller's pods are never compared with its template, so nothing is lost where one reads its labels.
        { IsPod: true } => !isRead && IsOfPod(key, value),
        _ => false,
    };

    /// <summary>
    /// The deployment controller names a ReplicaSet after the hash, so that the name, which approvals are bound to, fixes the value.
    /// </summary>
    private static bool IsHashOf(string name, string value) =>
        EncodedHash().IsMatch(value) && name.EndsWith($"-{value}", StringComparison.Ordinal);

    /// <summary>The API server writes the Job's own uid and name when it makes the selector.</summary>
    private static bool IsOfJob(TemplateHolder job, string key, string value) => key switch
    {
        "controller-uid" or "batch.kubernetes.io/controller-uid" => value.Length > 0 && value == job.Uid,
        "job-name" or "batch.kubernetes.io/job-name" => value.Length > 0 && value == job.Name,
        _ => false,
    };

    private static bool IsOfPod(string key, string value) => key switch
    {
        TemplateHashLabel => EncodedHash().IsMatch(value),
        "controller-revision-hash" => EncodedHash().IsMatch(value[(value.LastIndexOf('-') + 1)..]),
        "pod-template-generation" or "apps.kubernetes.io/pod-index" or "batch.kubernetes.io/job-completion-index" => IsNumber(value),
        "controller-uid" or "batch.kubernetes.io/controller-uid" => Guid.TryParseExact(value, "D", out _),
        "job-name" or "batch.kubernetes.io/job-name" or "statefulset.kubernetes.io/pod-name" => value.Length > 0,
        _ => false,
    };

    private static bool IsNumber(string value) => value.Length is > 0 and < 20 && value.All(char.IsAsciiDigit);

    /// <summary>A 32-bit number in the letters that Kubernetes encodes hashes with, so that they spell no word.</summary>
    [GeneratedRegex(@"\A[bcdfghjklmnpqrstvwxz2456789]{1,10}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex EncodedHash();
}
