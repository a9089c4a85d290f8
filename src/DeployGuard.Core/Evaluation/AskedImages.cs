namespace DeployGuard.Core.Evaluation;

/// <summary>What a policy asks of registries about a request. Nothing where it has no part, and where nothing is asked.</summary>
/// <param name="Statements">Images that do not run already, and that the policy names a repository for.</param>
/// <param name="Labels">Images that do not run already, and whose labels the policy reads.</param>
/// <param name="OfTemplate">
/// Where no image is new: the images at which a change of the template alone is looked up, because the request brings a statement that
/// mentions this very template. Without one such a change asks no registry.
/// </param>
public sealed record AskedImages(IReadOnlyList<string> Statements, IReadOnlyList<string> Labels, IReadOnlyList<string> OfTemplate)
{
    /// <summary>
    /// Where no image is new: the images at which a change of the template alone could be looked up, whether or not the request brings a
    /// statement.
    /// </summary>
    public IReadOnlyList<string> WithoutStatement { get; init; } = [];

    public static AskedImages None { get; } = new([], [], []);

    public bool IsAny => Statements.Count > 0 || Labels.Count > 0 || OfTemplate.Count > 0;
}
