using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Snapshots;

/// <summary>What signers whom one policy trusts say of the new images of a request.</summary>
public sealed record SignedFacts(string Policy, IReadOnlyList<SignedImage> Images);

/// <summary>A new image, and what was found about it.</summary>
/// <param name="Image">As the template names it.</param>
/// <param name="Provenance">Null if it could not be looked up.</param>
public sealed record SignedImage(string Image, ImageProvenance? Provenance)
{
    /// <summary>Why it could not be looked up, and what was tried; empty if it was.</summary>
    public string Unavailable { get; init; } = "";

    /// <summary>What else there is to tell, such as that the registry has no such image; empty if nothing.</summary>
    public string Note { get; init; } = "";
}
