using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Labels that controllers write into templates. They are recognized only on the kind, and in the form, that the controller writes. Any
/// other label of the same name belongs to the author.
/// </summary>
internal static partial class ControllerLabels
{
    private const string TemplateHashLabel = "pod-template-hash";

    /// <summary>
    /// The Deployment controller puts the hash into the ReplicaSet's name. Approvals name the object, so the value is fixed as well.
    /// </summary>
    public static bool IsOfReplicaSet(TemplateHolder set, string key, string value, bool isRead) =>
        key == TemplateHashLabel && EncodedHash().IsMatch(value) && set.Name.EndsWith($"-{value}", StringComparison.Ordinal);

    /// <summary>The API server writes the Job's own uid and name when it generates the selector.</summary>
    public static bool IsOfJob(TemplateHolder job, string key, string value, bool isRead) =>
        key switch
        {
            "controller-uid" or "batch.kubernetes.io/controller-uid" => value.Length > 0 && value == job.Uid,
            "job-name" or "batch.kubernetes.io/job-name" => value.Length > 0 && value == job.Name,
            _ => false,
        };

    /// <summary>
    /// If the pod reads its labels, they stay in the hash. That is safe, because a controller's pods are never compared with its template
    /// by hash.
    /// </summary>
    public static bool IsOfPod(TemplateHolder pod, string key, string value, bool isRead) =>
        !isRead
        && key switch
        {
            TemplateHashLabel => EncodedHash().IsMatch(value),
            "controller-revision-hash" => EncodedHash().IsMatch(value[(value.LastIndexOf('-') + 1)..]),
            "pod-template-generation" or "apps.kubernetes.io/pod-index" or "batch.kubernetes.io/job-completion-index" => IsNumber(value),
            "controller-uid" or "batch.kubernetes.io/controller-uid" => Guid.TryParseExact(value, "D", out _),
            "job-name" or "batch.kubernetes.io/job-name" or "statefulset.kubernetes.io/pod-name" => value.Length > 0,
            _ => false,
        };

    private static bool IsNumber(string value) => value.Length is > 0 and < 20 && value.All(char.IsAsciiDigit);

    /// <summary>A 32-bit number in the alphabet that Kubernetes uses for hashes, which avoids vowels and similar digits.</summary>
    [GeneratedRegex(@"\A[bcdfghjklmnpqrstvwxz2456789]{1,10}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex EncodedHash();
}
