using System.Text.Json;

namespace DeployGuard.Cluster.Files;

/// <summary>Reads the objects of YAML and JSON files, folders of them, or standard input (<c>-</c>).</summary>
public static class ManifestReader
{
    private const int MostBytes = 3 * 1024 * 1024;

    private static readonly string[] s_extensions = [".yaml", ".yml", ".json"];

    /// <param name="standardInput">What <c>-</c> stands for.</param>
    /// <exception cref="ManifestException">A file is missing, too large, or not YAML that can be judged.</exception>
    public static IReadOnlyList<Manifest> Read(string path, TextReader standardInput)
    {
        if (path == "-")
        {
            return ReadText("standard input", standardInput.ReadToEnd());
        }

        try
        {
            return Directory.Exists(path) ? [.. FilesIn(path).SelectMany(ReadFile)] : ReadFile(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{path}: cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>The YAML and JSON files directly in a folder, by name.</summary>
    public static IEnumerable<string> FilesIn(string folder) =>
        Directory.EnumerateFiles(folder).Where(f => s_extensions.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal);

    public static IReadOnlyList<Manifest> ReadText(string source, string text)
    {
        if (text.Length > MostBytes)
        {
            throw new ManifestException($"{source}: larger than {MostBytes / 1024 / 1024} MiB; split it");
        }

        return [.. new YamlDocuments(source, new StringReader(text)).Read().SelectMany(Expand)];
    }

    private static IReadOnlyList<Manifest> ReadFile(string file) => new FileInfo(file) switch
    {
        { Exists: false } => throw new ManifestException($"{file}: no such file"),
        { Length: > MostBytes } => throw new ManifestException($"{file}: larger than {MostBytes / 1024 / 1024} MiB; split it"),
        _ => ReadText(file, File.ReadAllText(file)),
    };

    private static IEnumerable<Manifest> Expand(Manifest manifest) =>
        manifest is { Kind: "List", ApiVersion: "v1" } && manifest.Content.TryGetProperty("items", out var items) && items.ValueKind is JsonValueKind.Array
            ? items.EnumerateArray().Select((item, i) => new Manifest($"{manifest.Source} items[{i}]", item))
            : [manifest];
}
