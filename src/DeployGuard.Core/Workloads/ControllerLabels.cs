using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Labels that controllers write, each on the kind that its controller writes and in the form that it writes. Anywhere else, or with
/// any other value, a label of such a name is its author's.
/// </summary>
internal static partial class ControllerLabels
{
    private const string TemplateHashLabel = "pod-template-hash";

    /// <summary>
    /// The deployment controller names a ReplicaSet after the hash, so that the name, which approvals are bound to, fixes the value.
    /// </summary>
    public static bool IsOfReplicaSet(TemplateHolder set, string key, string value, bool isRead) =>
        key == TemplateHashLabel && EncodedHash().IsMatch(value) && set.Name.EndsWith($"-{value}", StringComparison.Ordinal);

    /// <summary>The API server writes the Job's own uid and name when it makes the selector.</summary>
    public static bool IsOfJob(TemplateHolder job, string key, string value, bool isRead) => key switch
    {
        "controller-uid" or "batch.kubernetes.io/controller-uid" => value.Length > 0 && value == job.Uid,
        "job-name" or "batch.kubernetes.io/job-name" => value.Length > 0 && value == job.Name,
        _ => false,
    };

    /// <summary>A controller's pods are never compared with its template, so nothing is lost where one reads its labels.</summary>
    public static bool IsOfPod(TemplateHolder pod, string key, string value, bool isRead) => !isRead && key switch
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
