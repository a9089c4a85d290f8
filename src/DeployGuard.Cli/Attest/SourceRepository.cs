using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// What a statement says of where the commits come from: the repository and the ref, in the form in which policies name them.
/// </summary>
internal static class SourceRepository
{
    private const string Branches = "refs/heads/";
    private const string Remotes = "refs/remotes/";

    private const string Form = "name the repository as policies do: --repository https://github.com/acme/checkout";

    /// <summary><c>git+https://host/path</c>, without credentials and without <c>.git</c>.</summary>
    /// <param name="given">Null: the remote <c>origin</c>, if that is an https address.</param>
    /// <exception cref="ManifestException">There is none, or it is no such address.</exception>
    public static string Uri(string? given, Repository repository)
    {
        if (given is not null)
        {
            return Normalized(given, "https", "ssh")
                ?? throw new ManifestException($"--repository {given}: no https or ssh address; {Form}");
        }

        // A CI system may have put a password into the address, so messages do not show it.
        return repository.Run("remote", "get-url", "origin") is (true, var url, _)
            ? Normalized(url.Trim(), "https")
                ?? throw new ManifestException($"--repository: is needed, because the address of the remote origin is not https; {Form}")
            : throw new ManifestException($"--repository: is needed, because the repository has no remote origin; {Form}");
    }

    /// <summary>The full name of a ref.</summary>
    /// <param name="given">
    /// Null: the branch or tag that <paramref name="to"/> names or, with HEAD, the one that is checked out; else the branch that ends with
    /// this commit, if that is checked out or the only one.
    /// </param>
    /// <exception cref="ManifestException">There is none, or it is no such name.</exception>
    public static string Ref(string? given, string to, Repository repository)
    {
        if (given is not null)
        {
            return given.StartsWith("refs/", StringComparison.Ordinal) && repository.Run("check-ref-format", given).Succeeded
                ? given
                : throw new ManifestException($"--ref {given}: no full name of a ref; name it as in refs/heads/main");
        }

        return
            repository.Run("rev-parse", "--symbolic-full-name", to) is (true, var name, _)
            && name.Trim() is var full
            && (full.StartsWith(Branches, StringComparison.Ordinal) || full.StartsWith("refs/tags/", StringComparison.Ordinal))
            ? full
            : BranchAt(to, repository);
    }

    /// <summary>
    /// Whether a clone that has branches lacks a ref, so that the name may be mistyped. A clone of one commit alone has none.
    /// </summary>
    public static bool IsUnknown(string @ref, Repository repository)
    {
        string[] there = [@ref, @ref.StartsWith(Branches, StringComparison.Ordinal) ? $"{Remotes}origin/{@ref[Branches.Length..]}" : @ref];
        return repository.Output("for-each-ref", "--count=1", "--format=%(refname)", Branches, Remotes).Trim().Length > 0
            && !Array.Exists(there, name => repository.Run("rev-parse", "--verify", "--quiet", name).Succeeded);
    }

    /// <summary>Of several branches, only the one that is checked out: the signer must not state a branch by chance.</summary>
    private static string BranchAt(string to, Repository repository)
    {
        var commit = repository.CommitOrNull(to);
        string[] branches = commit is null
            ? []
            : repository
                .Output("for-each-ref", "--format=%(refname)", $"--points-at={commit}", Branches)
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var current = repository.Run("symbolic-ref", "--quiet", "HEAD") is (true, var head, _) ? head.Trim() : null;
        return current is not null && branches.Contains(current) ? current
            : branches is [var only] ? only
            : throw new ManifestException(
                branches.Length == 0
                    ? $"--ref: is needed, because {to} names no branch or tag, and no branch of this clone ends with it; name it as in --ref "
                        + "refs/heads/main"
                    : $"--ref: is needed, because several branches end with {to}; name one of them: --ref {string.Join(" or --ref ", branches)}"
            );
    }

    private static string? Normalized(string address, params string[] schemes)
    {
        var bare = address.StartsWith("git+", StringComparison.Ordinal) ? address[4..] : address;
        if (
            !System.Uri.TryCreate(bare, UriKind.Absolute, out var uri)
            || !schemes.Contains(uri.Scheme)
            || uri.Host.Length == 0
            || uri.Query.Length > 0
            || uri.Fragment.Length > 0
        )
        {
            return null;
        }

        var path = uri.AbsolutePath.TrimEnd('/');
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        return path.Length > 1 ? $"git+{uri.Scheme}://{(uri.IsDefaultPort ? uri.Host : uri.Authority)}{path}" : null;
    }
}
