using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Lookups;

/// <summary>A question to registries: what is known about an image?</summary>
public sealed record LookupRequest(PinnedImage Image, CredentialSet Credentials)
{
    /// <summary>Signed statements about the image.</summary>
    public bool Statements { get; init; } = true;

    /// <summary>Labels of the image's configuration, for an index those of each platform. Annotations are always read.</summary>
    public bool Labels { get; init; }

    /// <summary>Repositories that hold statements about the image too.</summary>
    public IReadOnlyList<RepositoryName> StatementRepositories { get; init; } = [];

    /// <summary>
    /// A result that is older is not used again: for a caller to whom an earlier one was not enough. Null for the usual life.
    /// </summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>
    /// For a dry run. It may be the step before something is pushed, so that what is found for it is never young enough for the
    /// <see cref="MaxAge"/> of another request.
    /// </summary>
    public bool IsRehearsal { get; init; }
}
