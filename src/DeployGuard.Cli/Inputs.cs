using System.Text;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary>What <c>-f</c> may name: a file, a folder, a kustomization, or <c>-</c> for standard input.</summary>
/// <param name="standardInput">Its bytes: by its byte order mark a stream says how it is encoded, as a file does.</param>
internal sealed class Inputs(Func<Stream> standardInput)
{
    /// <param name="unusable">Gets what is wrong with it; everything else in it is read.</param>
    /// <param name="skipped">Gets a sentence on what is left out.</param>
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
            unusable(new ManifestException($"{folder}: no .yaml, .yml or .json file directly in it; name the folder that has them"));
            return [];
        }

        var below = Directory.EnumerateDirectories(folder).Select(Path.GetFileName).OfType<string>().Where(d => !d.StartsWith('.')).Order(StringComparer.Ordinal).ToList();
        if (below.Count > 0)
        {
            const int MaxNamed = 3;
            var named = string.Join(", ", below.Take(MaxNamed)) + (below.Count > MaxNamed ? $" and {below.Count - MaxNamed} more" : "");
            skipped($"{folder}: skipped the folders in it ({named}); give each its own -f to check it");
        }

        return ManifestReader.Read(folder, unusable);
    }
}
