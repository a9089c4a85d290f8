using System.IO.Enumeration;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Credentials;

/// <summary>A credential of a Docker configuration, and the repositories that it is for.</summary>
/// <param name="Host">May have stars, each within a label.</param>
/// <param name="Path">The beginning of a repository's path, or empty.</param>
internal sealed record DockerConfigEntry(string Host, string Path, RegistryCredential Credential)
{
    /// <summary>The more specific entry is tried first, as kubelets do.</summary>
    public int Specificity => (Path.Length * 2) + (Host.Contains('*', StringComparison.Ordinal) ? 0 : 1);

    /// <summary>
    /// Keys are hosts, hosts with a path, or URLs. Docker Hub has several: <c>docker.io</c>, <c>https://index.docker.io/v1/</c>.
    /// </summary>
    public static (string Host, string Path) ReadKey(string key)
    {
        var start = key.IndexOf("://", StringComparison.Ordinal);
        var rest = start < 0 ? key : key[(start + 3)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var path = slash < 0 ? "" : rest[slash..].Trim('/');
        return (RepositoryName.NormalHost(slash < 0 ? rest : rest[..slash]), WithoutApiVersion(path));
    }

    public bool IsFor(RepositoryName repository) =>
        IsFor(repository.Host)
        && (Path.Length == 0 || repository.Path == Path || repository.Path.StartsWith($"{Path}/", StringComparison.Ordinal));

    /// <summary>Label by label: a star does not go beyond a dot. Ports are compared as they are.</summary>
    private bool IsFor(string host)
    {
        var (pattern, asked) = (Host.Split('.'), host.Split('.'));
        return pattern.Length == asked.Length
            && pattern
                .Zip(asked)
                .All(p => p.First == p.Second || FileSystemName.MatchesSimpleExpression(p.First, p.Second, ignoreCase: false));
    }

    private static string WithoutApiVersion(string path) =>
        path is "v1" or "v2" ? ""
        : path.StartsWith("v1/", StringComparison.Ordinal) || path.StartsWith("v2/", StringComparison.Ordinal) ? path[3..]
        : path;
}
