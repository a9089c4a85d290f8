using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Records;

/// <summary>
/// How large a record may be, and how many one person may have in a namespace. A decision reads them while the API server waits, so one
/// person's records must not slow down the requests of others.
/// </summary>
public static class RecordLimits
{
    /// <summary>Of one creator in one namespace.</summary>
    public const int MaxRecords = 200;

    public const int MaxReason = 2048;
    public const int MaxImages = 100;
    public const int MaxImage = 512;

    /// <summary>
    /// Of all images of an approval together: some thirty by digest. Older API servers read all records of a namespace for every decision
    /// there.
    /// </summary>
    public const int MaxImageText = 4 * 1024;

    /// <summary>Whether an approval may name these images. Beside a templateHash they may be left out.</summary>
    public static bool AllowImages(IReadOnlyList<string> images) =>
        images.Count <= MaxImages && images.All(i => i.Length <= MaxImage) && images.Sum(i => i.Length) <= MaxImageText;

    public static Refusal? Refuse(Approval approval) =>
        RefuseReason(approval.Reason)
        ?? (
            approval.Images.Count > MaxImages
                ? TooLarge($"spec.images has {approval.Images.Count} entries; the limit is {MaxImages}")
                : null
        )
        ?? (
            approval.Images.FirstOrDefault(i => i.Length > MaxImage) is { } image
                ? TooLarge($"spec.images: {image[..60]}... has {image.Length} characters; the limit is {MaxImage}")
                : null
        )
        ?? (
            approval.Images.Sum(i => i.Length) is var sum && sum > MaxImageText
                ? TooLarge($"spec.images has {sum} characters; the limit is {MaxImageText}. Leave it out if there is a templateHash")
                : null
        );

    public static Refusal? Refuse(BreakGlass glass) => RefuseReason(glass.Reason);

    /// <param name="records">How many the requester has in the namespace already.</param>
    /// <param name="resource">Such as <c>changeapprovals</c>.</param>
    public static Refusal? RefuseAnother(int records, string resource, string @namespace) =>
        records < MaxRecords
            ? null
            : new Refusal(
                Reasons.TooManyRecords,
                $"you have {records} {resource} in {@namespace}; the limit is {MaxRecords}. "
                    + $"Remove those that are no longer needed, then retry: kubectl deployguard withdraw NAME -n {@namespace}, or "
                    + $"kubectl delete {resource} NAME -n {@namespace}"
            );

    private static Refusal? RefuseReason(string reason) =>
        reason.Length > MaxReason ? TooLarge($"spec.reason has {reason.Length} characters; the limit is {MaxReason}") : null;

    private static Refusal TooLarge(string message) => new(Reasons.RecordTooLarge, message);
}
