using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Access;

/// <summary>A registry that may be called. What is not listed is never called, whatever an image is named.</summary>
/// <param name="Host">As image references write it, with its port if they write one: <c>ghcr.io</c>, <c>docker.io</c>.</param>
public sealed record RegistrySettings(string Host)
{
    /// <summary>Speaks plain HTTP. Without it, only TLS is spoken.</summary>
    public bool PlainHttp { get; init; }

    /// <summary>Certificates in PEM that are trusted for this registry besides those of the system.</summary>
    public string? CaBundle { get; init; }

    /// <summary>
    /// Other hosts that may issue tokens for this registry: <c>gitlab.example.com</c>. Credentials are sent to these and to the registry
    /// itself. <c>*.</c> stands for one label.
    /// </summary>
    public IReadOnlyList<string> TokenHosts { get; init; } = [];

    /// <summary>Other hosts that this registry may redirect to. They get no credentials. <c>*.</c> stands for one label.</summary>
    public IReadOnlyList<string> RedirectHosts { get; init; } = [];

    internal string Name => RepositoryName.NormalHost(Host);

    /// <summary>The host to connect to: Docker Hub's is not the one in its references.</summary>
    internal string Authority => Name == RepositoryName.DockerHub ? "registry-1.docker.io" : Name;

    internal string Scheme => PlainHttp ? "http" : "https";

    internal bool MayIssueTokens(string authority) =>
        authority == UrlAuthority || IsListed(TokenHosts, KnownRegistries.TokenHosts, authority);

    internal bool MayRedirectTo(string authority) =>
        authority == UrlAuthority || IsListed(RedirectHosts, KnownRegistries.RedirectHosts, authority);

    /// <summary>As URLs show it: without the usual port.</summary>
    private string UrlAuthority => new Uri($"{Scheme}://{Authority}/").Authority;

    private bool IsListed(IReadOnlyList<string> own, IReadOnlyDictionary<string, IReadOnlyList<string>> known, string authority) =>
        own.Concat(known.GetValueOrDefault(Name, [])).Any(p => HostPattern.Matches(p, authority));
}
