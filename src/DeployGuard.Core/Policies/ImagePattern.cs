using System.Text.RegularExpressions;

namespace DeployGuard.Core.Policies;

/// <summary>
/// Which images are meant: a repository, or the beginning of one and <c>/*</c>. Image names are read as container runtimes do:
/// <c>nginx</c> is <c>docker.io/library/nginx</c>.
/// </summary>
public static partial class ImagePattern
{
    private const string DockerHub = "docker.io";
    private const string All = "/*";

    /// <summary>The repository of an image, without tag and digest; null if no runtime would take the text.</summary>
    public static string? RepositoryOf(string image)
    {
        var at = image.IndexOf('@', StringComparison.Ordinal);
        var name = at < 0 ? image : image[..at];
        var colon = name.LastIndexOf(':');
        // A colon before the last slash is that of a port.
        name = colon > name.LastIndexOf('/') ? name[..colon] : name;
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        var isHost = first.AsSpan().ContainsAny('.', ':') || first == "localhost";
        var host = isHost ? NormalHost(first) : DockerHub;
        var path = isHost ? name[(slash + 1)..] : name;
        path = host == DockerHub && !path.Contains('/', StringComparison.Ordinal) ? $"library/{path}" : path;
        return IsHost(host) && PathForm().IsMatch(path) ? $"{host}/{path}" : null;
    }

    /// <summary>A pattern in the form in which it is compared; null if it is none.</summary>
    public static string? Normal(string pattern)
    {
        var isPrefix = pattern.EndsWith(All, StringComparison.Ordinal);
        var name = isPrefix ? pattern[..^All.Length] : pattern;
        if (name.AsSpan().ContainsAny('@', '*'))
        {
            return null;
        }

        return isPrefix && NormalHost(name) is var host && IsHost(host) && !name.Contains('/', StringComparison.Ordinal) ? host + All
            : RepositoryOf(name) is { } repository && !HasTag(name) ? repository + (isPrefix ? All : "")
            : null;
    }

    /// <param name="pattern">From <see cref="Normal"/>.</param>
    public static bool Matches(string pattern, string repository) =>
        pattern.EndsWith(All, StringComparison.Ordinal)
            ? repository.StartsWith(pattern[..^1], StringComparison.Ordinal)
            : repository == pattern;

    /// <summary>The one name under which a registry is known.</summary>
    public static string NormalHost(string host)
    {
        var lower = host.ToLowerInvariant();
        return lower is "index.docker.io" or "registry-1.docker.io" ? DockerHub : lower;
    }

    /// <param name="text">In lower case, with its port if there is one.</param>
    public static bool IsHost(string text) => HostForm().IsMatch(text) && (text.AsSpan().ContainsAny('.', ':') || text == "localhost");

    private static bool HasTag(string name) => name.LastIndexOf(':') > name.LastIndexOf('/');

    // After each character there is one way to go on, so that no text takes more than one pass. (The engine without backtracking, which
    // would promise that, is many times slower.)
    [GeneratedRegex(@"\A[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*(?::[0-9]{1,5})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex HostForm();

    [GeneratedRegex(@"\A[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex PathForm();
}
