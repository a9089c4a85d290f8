using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>Reads files as they were at a git ref. They are written to a temporary folder; the repository stays as it is.</summary>
internal sealed class GitRevision : IDisposable
{
    public const string Option = "--against-ref";

    private readonly string _reference;
    private readonly ManifestInputs _inputs;
    private readonly GitCommand _git;
    private readonly string _folder = Directory.CreateTempSubdirectory("deployguard-check-").FullName;
    private readonly Dictionary<string, GitTree> _trees = new(StringComparer.Ordinal);

    public GitRevision(string reference, ManifestInputs inputs) =>
        (_reference, _inputs, _git) = (reference, inputs, new GitCommand($"{Option} {reference}"));

    /// <summary>What a path of the working tree had at the ref; nothing if it was not there.</summary>
    /// <param name="noted">Gets a sentence for each omission: what is in it counts as new.</param>
    /// <exception cref="ManifestException">git is missing, the path is in no repository, or the ref is not known.</exception>
    public IEnumerable<Manifest> Read(string path, Action<string> noted)
    {
        var wanted = Kustomization.FolderOf(path) ?? path;
        var isFolder = Directory.Exists(wanted);
        if ((isFolder ? wanted : FolderOf(wanted)) is not { } folder)
        {
            return [];
        }

        var (tree, prefix) = Locate(folder);
        var former = tree.Extract(isFolder ? prefix : prefix + Path.GetFileName(wanted), isFolder);
        if (former is null)
        {
            noted($"{path}: not in {_reference}, so all its workloads are new");
            return [];
        }

        return _inputs
            .Read(former, wrong => noted($"{Named(wrong.Message, tree)}; what is in it counts as new"), _ => { })
            .Select(m => m with { Place = m.Place with { File = WithoutFolder(m.Place.File, tree), Reference = _reference } });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The temporary folder means nothing to the reader: <c>deploy/web.yaml:3 at main</c>.</summary>
    private string Named(string message, GitTree tree)
    {
        var folder = $"{tree.Extracted}/";
        if (!message.StartsWith(folder, StringComparison.Ordinal))
        {
            return message.Replace(folder, $"{_reference}:", StringComparison.Ordinal);
        }

        var parts = message[folder.Length..].Split(": ", 2);
        return parts is [var place, var problem] ? $"{place} at {_reference}: {problem}" : $"{parts[0]} at {_reference}";
    }

    private static string WithoutFolder(string file, GitTree tree) =>
        file.StartsWith($"{tree.Extracted}/", StringComparison.Ordinal) ? file[(tree.Extracted.Length + 1)..] : file;

    /// <summary>The tree of the repository that a folder is in, and the path of the folder in it.</summary>
    private (GitTree Tree, string Prefix) Locate(string folder)
    {
        var (isRepository, output, error) = _git.Run(folder, ["rev-parse", "--show-toplevel", "--show-prefix"]);
        if (!isRepository)
        {
            throw new ManifestException(
                $"{Option} {_reference}: {folder} cannot be read from git ({error}); check files in a clone, or give the former files "
                    + "with --before"
            );
        }

        var lines = output.Split('\n');
        var top = lines[0].TrimEnd('\r');
        if (!_trees.TryGetValue(top, out var tree))
        {
            tree = new GitTree(_git, top, Commit(top), Path.Combine(_folder, $"{_trees.Count}"));
            _trees.Add(top, tree);
        }

        return (tree, lines[1].TrimEnd('\r'));
    }

    private string Commit(string top)
    {
        var (isKnown, commit, _) = _git.Run(top, ["rev-parse", "--verify", "--quiet", $"{_reference}^{{commit}}"]);
        return isKnown && !_reference.StartsWith('-')
            ? commit.Trim()
            : throw new ManifestException(
                $"{Option} {_reference}: no such commit in {top}; if the clone is shallow, as in CI, fetch more of the history first "
                    + "(GitHub Actions: fetch-depth, GitLab: GIT_DEPTH)"
            );
    }

    private static string? FolderOf(string file) =>
        Path.GetDirectoryName(file) is not { Length: > 0 } folder ? "."
        : Directory.Exists(folder) ? folder
        : null;
}
