using DeployGuard.Cli.Inputs;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>A git repository: a clone, a worktree or a bare one. It stays as it is.</summary>
internal sealed class Repository
{
    /// <summary>Who can write refs or files of the repository could otherwise show another history than the one that is built.</summary>
    private static readonly Dictionary<string, string> s_honest = new()
    {
        ["GIT_NO_REPLACE_OBJECTS"] = "1",
        ["GIT_GRAFT_FILE"] = "no-grafts",
    };

    private readonly GitCommand _git;
    private readonly string _folder;

    /// <exception cref="ManifestException">The folder is in no repository, or git is missing.</exception>
    public Repository(string folder)
    {
        (_git, _folder) = (new GitCommand("attest", "install it", s_honest), folder);
        if (!Directory.Exists(folder))
        {
            throw new ManifestException($"--folder {folder}: no such folder");
        }

        var (isRepository, output, error) = _git.Run(folder, ["rev-parse", "--git-path", "shallow"]);
        if (!isRepository)
        {
            throw new ManifestException(
                $"--folder {folder}: cannot be read from git ({error}); run it in a clone, or name one with --folder"
            );
        }

        Boundaries = BoundariesIn(Path.Combine(folder, output.TrimEnd('\r', '\n')));
    }

    /// <summary>Commits whose parents a shallow clone leaves out.</summary>
    public IReadOnlySet<string> Boundaries { get; }

    public (bool Succeeded, string Output, string Error) Run(params string[] arguments) => _git.Run(_folder, arguments);

    public string Output(params string[] arguments) => _git.Output(_folder, arguments);

    public void Stream(string[] arguments, Action<Stream> read, string standardInput = "") =>
        _git.Stream(_folder, arguments, read, standardInput);

    /// <summary>The hash of a commit; null if the repository does not have it.</summary>
    public string? CommitOrNull(string reference) =>
        !reference.StartsWith('-') && Run("rev-parse", "--verify", "--quiet", $"{reference}^{{commit}}") is (true, var hash, _)
            ? hash.Trim()
            : null;

    /// <summary>The hash of the files of a commit; null if the repository does not have it.</summary>
    public string? TreeOrNull(string commit) =>
        Run("rev-parse", "--verify", "--quiet", $"{commit}^{{tree}}") is (true, var hash, _) ? hash.Trim() : null;

    private static HashSet<string> BoundariesIn(string file)
    {
        try
        {
            return File.Exists(file) ? [.. File.ReadLines(file)] : [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{file}: cannot be read: {fault.Message}", fault);
        }
    }
}
