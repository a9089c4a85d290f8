using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Snapshots;

/// <summary>What registries hold about the new images of a request, as far as one policy asks: what signers whom it trusts say.</summary>
public record SignedFacts(string Policy, IReadOnlyList<SignedImage> Images)
{
    /// <summary>What the images say of themselves, where the policy reads that. Unsigned: it only tightens.</summary>
    public IReadOnlyList<Evidence> Claims { get; init; } = [];

    /// <summary>Why that could not be read, and what was tried; empty if it was.</summary>
    public string ClaimsUnavailable { get; init; } = "";

    /// <summary>Whether anything in it is a sign of AI, or names an author, and so belongs to the origin of the change.</summary>
    public bool TellsOrigin => Claims.Count > 0 || Images.Any(i => i.Provenance is { AiMarks.Count: > 0 });

    /// <summary>What helps then; empty if to try again does.</summary>
    public string ClaimsRemedy { get; init; } = "";
}

/// <summary>A new image, and what was found about it.</summary>
/// <param name="Image">As the template names it.</param>
/// <param name="Provenance">Null if it could not be looked up.</param>
public sealed record SignedImage(string Image, ImageProvenance? Provenance)
{
    /// <summary>Why it could not be looked up, and what was tried; empty if it was.</summary>
    public string Unavailable { get; init; } = "";

    /// <summary>What helps then; empty if to try again does.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>What else there is to tell, such as that the registry has no such image; empty if nothing.</summary>
    public string Note { get; init; } = "";
}
