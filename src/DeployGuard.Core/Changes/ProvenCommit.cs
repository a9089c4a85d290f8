using DeployGuard.Core.Attestations;

namespace DeployGuard.Core.Changes;

/// <summary>The commit of an image, as statements that a policy trusts proved it when the image was looked up.</summary>
/// <param name="Keys">The names of the keys that proved it.</param>
public sealed record ProvenCommit(string Policy, string Image, string Repository, string Commit, IReadOnlyList<string> Keys)
{
    /// <summary>
    /// The same keys, by the SHA-256 of each. None in a record of a version before the first release of signed evidence, which counts no
    /// more: the key may have been replaced under its name.
    /// </summary>
    public IReadOnlyList<string> KeyIds { get; init; } = [];

    /// <summary>The repository as it is compared; null if the text is no address.</summary>
    internal string? Address { get; } = RepositoryUri.Parse(Repository)?.Address;

    /// <summary>It is that of the pod template, which came without a new image. The image may be of an earlier one.</summary>
    public bool IsOfTemplate { get; init; }
}
