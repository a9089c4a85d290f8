namespace DeployGuard.Core.Changes;

/// <summary>The commit of an image, as statements that a policy trusts proved it when the image was looked up.</summary>
/// <param name="Keys">The names of the keys that proved it.</param>
public sealed record ProvenCommit(string Policy, string Image, string Repository, string Commit, IReadOnlyList<string> Keys)
{
    /// <summary>It is that of the pod template, which came without a new image. The image may be of an earlier one.</summary>
    public bool IsOfTemplate { get; init; }
}
