using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Safeguards;

/// <summary>Refuses images named by tag: a tag can be moved after the approval.</summary>
internal sealed class ImagePinning : ISafeguard
{
    public string Name => "ImagePinning";

    public IEnumerable<Finding> Inspect(Inspection inspection) =>
        from image in inspection.Change.After?.Template.Images ?? []
        where inspection.Policy.Images?.Pin is Pin.Digest && inspection.Change.Meaning is Meaning.NewRevision or Meaning.Rollback && image.Reference.Digest is null
        select new Finding(
            Reasons.ImageNotPinned,
            image.Path,
            $"image {image.Reference} ({image.Path}) is named by tag, which can be moved after the approval",
            "Name it by digest: repository@sha256:...");
}
