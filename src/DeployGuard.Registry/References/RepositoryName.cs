using System.Text.RegularExpressions;

namespace DeployGuard.Registry.References;

/// <summary>A repository of a registry: <c>ghcr.io/acme/web</c>.</summary>
/// <param name="Host">With its port, if one is written; in lower case. Docker Hub is always <c>docker.io</c>.</param>
public sealed partial record RepositoryName(string Host, string Path)
{
    public const string DockerHub = "docker.io";

    private const int LongestName = 255;

    private static readonly string[] s_dockerHubNames = [DockerHub, "index.docker.io", "registry-1.docker.io"];

    /// <summary>
    /// Reads a repository as container runtimes do: <c>nginx</c> is <c>docker.io/library/nginx</c>. Null if it is not one.
    /// </summary>
    public static RepositoryName? TryParse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var named = slash > 0 && IsHost(text[..slash]);
        var host = named ? NormalHost(text[..slash]) : DockerHub;
        var path = named ? text[(slash + 1)..] : text;
        if (host == DockerHub && !path.Contains('/', StringComparison.Ordinal))
        {
            path = $"library/{path}";
        }

        return text.Length <= LongestName && HostForm().IsMatch(host) && PathForm().IsMatch(path) ? new(host, path) : null;
    }

    /// <summary>The one name under which a registry is known here.</summary>
    public static string NormalHost(string host)
    {
        var lower = host.ToLowerInvariant();
        return s_dockerHubNames.Contains(lower, StringComparer.Ordinal) ? DockerHub : lower;
    }

    /// <summary>Whether a text is a host with an optional port, and nothing else.</summary>
    public static bool IsValidHost(string text) =>
        HostForm().IsMatch(text) && Uri.TryCreate($"https://{text}/", UriKind.Absolute, out var uri) && uri.Port > 0;

    public override string ToString() => $"{Host}/{Path}";

    /// <summary>The rule by which runtimes tell a host from the first part of a path on Docker Hub.</summary>
    private static bool IsHost(string first) => first.AsSpan().ContainsAny('.', ':') || first == "localhost";

    // After each character there is one way to go on, so that no text takes more than one pass. (The engine without backtracking, which
    // would promise that, is many times slower.)
    [GeneratedRegex(
        @"\A(?:[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex HostForm();

    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex PathForm();
}
