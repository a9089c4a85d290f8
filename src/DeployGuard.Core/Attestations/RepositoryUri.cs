using System.Buffers;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// The address of a repository in a form that can be compared: <c>git+</c>, <c>.git</c> and a final slash make no difference, nor does the
/// case of the host. Everything else does: a look-alike is another repository.
/// </summary>
/// <param name="Address">Such as <c>https://github.com/acme/checkout</c>.</param>
/// <param name="Ref">What follows <c>@</c> in SLSA provenance, such as <c>refs/heads/main</c>.</param>
internal sealed record RepositoryUri(string Address, string? Ref)
{
    private const string Git = "git+";
    private const string Suffix = ".git";

    private static readonly SearchValues<char> s_ambiguous = SearchValues.Create("%?#\\\"<>");

    /// <summary>Null for what is no such address, and for what could be read in two ways: escapes, queries, letters beyond ASCII.</summary>
    public static RepositoryUri? Parse(string text)
    {
        var bare = text.StartsWith(Git, StringComparison.Ordinal) ? text[Git.Length..] : text;
        if (bare.AsSpan().ContainsAnyExceptInRange('!', '~') || bare.AsSpan().ContainsAny(s_ambiguous))
        {
            return null;
        }

        var start = bare.IndexOf("://", StringComparison.Ordinal);
        var path = start < 1 ? -1 : bare.IndexOf('/', start + 3);
        if (path < 0 || !IsScheme(bare[..start]))
        {
            return null;
        }

        var at = bare.IndexOf('@', path);
        var name = (at < 0 ? bare[path..] : bare[path..at]).TrimEnd('/');
        name = name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : name;
        return name.Length < 2 || name.Split('/').Skip(1).Any(part => part is "" or "." or "..")
            ? null
            : new RepositoryUri(bare[..path].ToLowerInvariant() + name, at < 0 ? null : bare[(at + 1)..]);
    }

    private static bool IsScheme(string text) => text is "https" or "http" or "ssh" or "git" or "file";
}
