using System.Text;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>Reads what <c>-f</c> names: a file, a folder, a kustomization, or <c>-</c> for standard input.</summary>
/// <param name="standardInput">Its bytes: a byte order mark gives their encoding, as in a file.</param>
internal sealed class ManifestInputs(Func<Stream> standardInput)
{
    /// <param name="unusable">Gets each error; the rest is still read.</param>
    /// <param name="skipped">Gets a sentence for each omission.</param>
    public IEnumerable<Manifest> Read(string path, Action<ManifestException> unusable, Action<string> skipped) =>
        path == "-" ? ManifestReader.Read("standard input", new StreamReader(standardInput(), Encoding.UTF8), unusable)
        : Kustomization.FolderOf(path) is { } folder ? Kustomization.Build(folder, unusable)
        : Directory.Exists(path) ? ReadFolder(path, unusable, skipped)
        : ManifestReader.Read(path, unusable);

    private static IEnumerable<Manifest> ReadFolder(string folder, Action<ManifestException> unusable, Action<string> skipped)
    {
        if (File.Exists(Path.Combine(folder, "Chart.yaml")))
        {
            unusable(new ManifestException($"{folder}: a Helm chart; render it first: helm template {folder} | deployguard check -f -"));
            return [];
        }

        if (!ManifestReader.FilesIn(folder).Any())
        {
            unusable(new ManifestException($"{folder}: no .yaml, .yml or .json file directly in it; pass the folder that has them"));
            return [];
        }

        var below = Directory
            .EnumerateDirectories(folder)
            .Select(Path.GetFileName)
            .OfType<string>()
            .Where(d => !d.StartsWith('.'))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (below.Count > 0)
        {
            const int MaxNamed = 3;
            var named = string.Join(", ", below.Take(MaxNamed)) + (below.Count > MaxNamed ? $" and {below.Count - MaxNamed} more" : "");
            skipped($"{folder}: skipped the folders in it ({named}); pass each with its own -f to check it");
        }

        return ManifestReader.Read(folder, unusable);
    }
}
