using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Credentials;

/// <summary>
/// The credentials that a lookup may use: those of a pod's pull secrets, of its service account's, and of the installation.
/// </summary>
/// <param name="configs">In the order in which they are tried.</param>
public sealed class CredentialSet(params IReadOnlyList<DockerConfig> configs)
{
    // A pod may name any number of pull secrets; a registry that refuses all of them must not be asked a hundred times.
    private const int Most = 8;

    public static CredentialSet None { get; } = new();

    /// <summary>What could not be read of the Secrets.</summary>
    public IReadOnlyList<string> Mistakes => [.. configs.SelectMany(c => c.Mistakes)];

    /// <summary>The more specific first, each once.</summary>
    internal IReadOnlyList<RegistryCredential> For(RepositoryName repository) =>
        [
            .. configs
                .SelectMany(c => c.Entries)
                .Where(e => e.IsFor(repository))
                .OrderByDescending(e => e.Specificity)
                .Select(e => e.Credential)
                .DistinctBy(c => c.Fingerprint)
                .Take(Most),
        ];

    /// <summary>The same if the same credentials would be tried for these repositories.</summary>
    internal string FingerprintFor(IEnumerable<RepositoryName> repositories) =>
        configs.Count == 0 ? "" : string.Join('/', repositories.Select(r => string.Join(',', For(r).Select(c => c.Fingerprint))));
}
