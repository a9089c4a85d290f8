using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>The tree of a commit, of which parts are written to a folder.</summary>
/// <param name="top">The folder of the working tree.</param>
/// <param name="extracted">Where they are written to.</param>
internal sealed class GitTree(GitCommand git, string top, string commit, string extracted)
{
    private bool _isComplete;

    public string Extracted { get; } = extracted;

    /// <summary>Writes a file, or the manifests directly in a folder. A kustomization gets the whole tree, for its bases.</summary>
    /// <param name="path">In the tree; of a folder, with a slash at its end, or empty for the tree itself.</param>
    /// <returns>Where it is now; null if there is none.</returns>
    public string? Extract(string path, bool isFolder)
    {
        string[] place = path.Length > 0 ? ["--", path] : [];
        var files = git.Output(top, ["ls-tree", "-z", "--full-tree", commit, .. place]).Split('\0').Select(FileOrNull).OfType<string>();
        var wanted = files.Where(f => !isFolder || ManifestReader.IsManifest(f) || Kustomization.IsName(f) || IsChart(f)).ToList();
        if (wanted.Count == 0)
        {
            return null;
        }

        Write(wanted, isFolder && wanted.Exists(Kustomization.IsName));
        return Path.Combine(Extracted, path);
    }

    private static bool IsChart(string file) => Path.GetFileName(file) == "Chart.yaml";

    /// <summary>From a line of ls-tree, such as <c>100644 blob 1f0e... TAB deploy/web.yaml</c>.</summary>
    private static string? FileOrNull(string line) =>
        line.Split('\t', 2) is [var about, var file] && about.Split(' ') is [_, "blob", ..] ? file : null;

    /// <summary>An index of its own makes git write the files of any commit, and leaves the repository's index alone.</summary>
    private void Write(IEnumerable<string> files, bool isComplete)
    {
        if (_isComplete)
        {
            return;
        }

        Directory.CreateDirectory(Extracted);
        var index = $"{Extracted}.index";
        if (!File.Exists(index))
        {
            git.Output(top, ["read-tree", commit], index);
        }

        string[] export = ["checkout-index", "--force", $"--prefix={Extracted}/"];
        git.Output(
            top,
            isComplete ? [.. export, "--all"] : [.. export, "-z", "--stdin"],
            index,
            isComplete ? "" : string.Concat(files.Select(f => $"{f}\0"))
        );
        _isComplete = isComplete;
    }
}
