using DeployGuard.Core.Admission;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses images referenced by tag: a tag can be moved after the approval.</summary>
internal sealed class ImagePinning : ISafeguard
{
    public string Name => "ImagePinning";

    /// <summary>A digest costs no time, also at 3 a.m.</summary>
    public bool IsWaivable => false;

    public Severity SeverityOf(ChangeType type) =>
        type switch
        {
            ChangeType.NewRevision => Severity.AsPolicySays,
            // Rollbacks must stay possible: for them, a tag is only a warning.
            ChangeType.Rollback => Severity.WarnAtMost,
            _ => Severity.None,
        };

    public IEnumerable<Finding> Inspect(Inspection inspection)
    {
        var (evaluated, policy) = (inspection.Evaluated, inspection.Policy);
        if (evaluated is not { After.Template: { } template } || policy.Images is not { } rules)
        {
            return [];
        }

        return
        [
            .. rules.Pin is Pin.Digest ? policy.ImagesOf(template).Where(i => i.Reference.Digest is null).Select(NotPinned) : [],
            .. template.UnreadableWith(rules.Injections).Where(u => IsRefused(u, policy, rules)).Select(NotReadable),
        ];
    }

    /// <summary>Injections that cannot be read, in a template that is admitted in spite of them.</summary>
    public IEnumerable<string> Notes(Inspection inspection) =>
        inspection.Evaluated is { ChangeType: ChangeType.NewRevision, After.Template: { } template }
        && inspection.Policy.Images is { } rules
            ? template
                .UnreadableWith(rules.Injections)
                .Where(u => !IsRefused(u, inspection.Policy, rules))
                .Select(u =>
                    u.IsGuess
                        ? $"{inspection.Policy.Name}: annotation {u.Key} may name an image that is not checked; see "
                            + "images.injectionAnnotations"
                        : $"{inspection.Policy.Name}: {u.By.Injector} adds containers that cannot be read here: annotation {u.Key}"
                )
            : [];

    public string? Summarise(SafeguardPolicy policy) =>
        policy.Images is not { Pin: Pin.Digest } ? null
        : policy.RefusesUnreadable ? "images by digest, and none that cannot be read"
        : "images by digest";

    /// <summary>A document that hides its image was written so on purpose: where images are pinned, it is always refused.</summary>
    private static bool IsRefused(UnreadableInjection injection, SafeguardPolicy policy, ImageRules rules) =>
        policy.RefusesUnreadable || (injection.IsBadDocument && rules.Pin is Pin.Digest);

    private static Finding NotPinned(ImageUse image) =>
        image switch
        {
            { InjectedBy: { Form: InjectionForm.Version } by } => Of(
                image,
                $"annotation {image.Path} chooses the version of the image that {by.Injector} injects by a tag, which can be "
                    + "moved after the approval",
                $"Remove the annotation, so that {by.Injector} injects what the platform team configured, or add the digest: TAG@sha256:..."
            ),
            { InjectedBy.Form: InjectionForm.Document, InjectedBy.Injector: var injector } => Of(
                image,
                $"annotation {image.Path} makes {injector} inject image {VisibleText.Line(image.Reference.Text)}, which "
                    + $"{Fault(image.Reference)}",
                "Reference the image in it by digest: repository@sha256:..."
            ),
            { InjectedBy: { } by } => Of(
                image,
                $"annotation {image.Path} makes {by.Injector} inject image {VisibleText.Line(image.Reference.Text)}, which "
                    + $"{Fault(image.Reference)}",
                $"Remove the annotation, so that {by.Injector} injects what the platform team configured, or reference the "
                    + "image by digest: repository@sha256:..."
            ),
            { Reference.IsPlaceholder: true } => Of(
                image,
                $"image auto ({image.Path}) is a placeholder: an injector replaces it when the pod is created, and the image is "
                    + "not known before that",
                "Set the image of this container by digest, which injectors keep: repository@sha256:..."
            ),
            _ => Of(
                image,
                $"image {VisibleText.Line(image.Reference.Text)} ({image.Path}) {Fault(image.Reference)}",
                "Reference it by digest: repository@sha256:..."
            ),
        };

    private static string Fault(ImageReference reference) =>
        reference.HasBadDigest
            ? "has a digest that no container runtime can check: expected @sha256: and 64 hex digits in lower case, or @sha512: and 128"
            : "is referenced by tag: a tag can be moved after the approval";

    private static Finding NotReadable(UnreadableInjection injection)
    {
        var (problem, remedy) = injection switch
        {
            { IsGuess: true } => (
                "looks like an image for an injector that is not known",
                "Remove the annotation, or ask the platform team to list it in the policy's images.injectionAnnotations, as image or never"
            ),
            { IsBadDocument: true } => (
                $"is a document for {injection.By.Injector} whose image cannot be read",
                "Leave images out of it, or write it as JSON with every image as a string, and no copy or move in a JSON patch"
            ),
            _ => (
                $"makes {injection.By.Injector} add containers that cannot be read here",
                "Remove the annotation, and write the container into the template itself, with its image by digest"
            ),
        };
        return new Finding(Reasons.ImageNotPinned, injection.Path, $"annotation {injection.Path} {problem}", remedy);
    }

    private static Finding Of(ImageUse image, string message, string remedy) => new(Reasons.ImageNotPinned, image.Path, message, remedy);
}
