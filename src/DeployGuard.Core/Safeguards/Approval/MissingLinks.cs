using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Safeguards;

/// <summary>The first link that statements about new images lack, with what helps.</summary>
internal static class MissingLinks
{
    private const int MaxShown = 300;

    /// <param name="of">If there are any, only what they lack is told.</param>
    /// <returns>Empty if nothing is missing.</returns>
    public static string In(Inspection inspection, IReadOnlyList<SignedImage> images, IReadOnlyList<ImageProvenance> of) =>
        images
            .Where(i => of.Count == 0 || (i.Provenance is { } proven && of.Contains(proven)))
            .Select(i => TextOf(inspection, i))
            .FirstOrDefault(t => t.Length > 0, "");

    public static string Short(string image) => image.Length <= MaxShown ? image : $"{image[..MaxShown]}...";

    /// <summary>The commit of what runs is not known: then neither time nor another statement about the new image helps.</summary>
    public static bool IsRunningCommit(IReadOnlyList<SignedImage> images) =>
        images.Any(i => i.Provenance is { Missing: { Kind: LinkKind.RunningCommit } or { IsStartUnknown: true } });

    private static string TextOf(Inspection inspection, SignedImage image) =>
        image.Note.Length > 0 ? $"{Short(image.Image)}: {Begun(inspection, image.Note).TrimEnd('.')}"
        : image.Provenance is { Missing: { } gap } proven && (gap.Kind is not LinkKind.AiStatus || AsksForAi(inspection))
            ? $"{Short(image.Image)}: {gap.What} {Begun(inspection, RemedyOf(inspection, image, proven, gap))}".TrimEnd('.')
        : "";

    /// <summary>Where nothing runs, and nothing ever did, a change begins with the first commit.</summary>
    private static string Begun(Inspection inspection, string remedy) =>
        inspection.Evaluated is { Before: null, LiveHash: null, After: { } after }
        && !inspection.Cluster.Changes.Any(c => c.WasAdmitted && c.Workload == after.Ref)
            ? remedy.Replace(AttestAdvice.ThatRuns, AttestAdvice.NoCommit, StringComparison.Ordinal)
            : remedy;

    /// <summary>
    /// Where every change needs an approval, or this one anyway, the word that no AI had a part would change nothing: then a review is
    /// what is missing.
    /// </summary>
    private static bool AsksForAi(Inspection inspection) =>
        inspection is { Policy.Approval.Required: Required.AiAssisted, Evaluated.Origin.Kind: OriginKind.Unknown };

    /// <summary>A statement that is there and does not count says why itself: to sign another one like it would not help.</summary>
    private static string RemedyOf(Inspection inspection, SignedImage image, ImageProvenance proven, MissingLink gap) =>
        gap.Kind is LinkKind.HeadCommit or LinkKind.Change && CauseIn(proven) is { } cause
            ? $"See what {StatementFindings.ReasonOf(cause.Kind).Code} says of the statement below."
            : StatementFindings.CommandFor(image, inspection, gap.Remedy);

    /// <summary>
    /// What a trusted key says of this image before what somebody else signed, and that before what is about something else, which may be
    /// of another change.
    /// </summary>
    private static StatementFinding? CauseIn(ImageProvenance proven) =>
        proven
            .Findings.Where(f => Rejects(f.Kind))
            .MinBy(f =>
                f.Kind is FindingKind.WrongSubject or FindingKind.OtherImage ? 2
                : f.Kind is FindingKind.WrongKey or FindingKind.Unreadable ? 1
                : 0
            );

    private static bool Rejects(FindingKind kind) =>
        kind
            is not (
                FindingKind.ReviewNotCounted
                or FindingKind.HeadCommitOnly
                or FindingKind.BrokenChain
                or FindingKind.BeyondRole
                or FindingKind.OtherTemplate
                or FindingKind.Unread
            );
}
