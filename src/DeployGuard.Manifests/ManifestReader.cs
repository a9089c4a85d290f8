using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Manifests;

/// <summary>
/// Reads the objects of YAML and JSON as kubectl does, document by document. Lists are split into their items, whatever their kind.
/// </summary>
public static class ManifestReader
{
    private static readonly string[] s_extensions = [".yaml", ".yml", ".json"];

    /// <summary>Reads all objects in a file, or in the files directly in a folder.</summary>
    /// <exception cref="ManifestException">A file is missing, or a document cannot be read; the first one is reported.</exception>
    public static IReadOnlyList<Manifest> Read(string path) => [.. Read(path, wrong => throw wrong)];

    /// <summary>Like <see cref="Read(string)"/>, for a text.</summary>
    /// <param name="source">What messages call it.</param>
    public static IReadOnlyList<Manifest> ReadText(string source, string text) =>
        [.. Read(source, new StringReader(text), wrong => throw wrong)];

    /// <summary>Like <see cref="Read(string)"/>, without invalid files and documents.</summary>
    /// <param name="unusable">Receives each error in a file or a document, with its line and the remedy.</param>
    public static IEnumerable<Manifest> Read(string path, Action<ManifestException> unusable) =>
        Directory.Exists(path) ? FilesIn(path).SelectMany(f => ReadFile(f, unusable)) : ReadFile(path, unusable);

    /// <summary>Like <see cref="Read(string, Action{ManifestException})"/>, for a stream.</summary>
    /// <param name="source">What messages call it.</param>
    public static IEnumerable<Manifest> Read(string source, TextReader text, Action<ManifestException> unusable)
    {
        var templates = new UnrenderedTemplates(source);
        var parts = UntilFault(source, new YamlStream(source, text).Parts(unusable), unusable);
        foreach (var manifest in parts.SelectMany(part => ReadPart(part, templates, unusable)).SelectMany(Flatten))
        {
            yield return manifest;
        }

        if (templates.Summary is { } summary)
        {
            unusable(summary);
        }
    }

    /// <summary>The YAML and JSON files directly in a folder, by name.</summary>
    public static IEnumerable<string> FilesIn(string folder) =>
        Directory.EnumerateFiles(folder).Where(IsManifest).Order(StringComparer.Ordinal);

    /// <summary>Whether the name is that of a YAML or JSON file.</summary>
    public static bool IsManifest(string file) => s_extensions.Contains(Path.GetExtension(file));

    private static IEnumerable<Manifest> ReadFile(string file, Action<ManifestException> unusable)
    {
        if (Open(file, unusable) is not { } text)
        {
            yield break;
        }

        using (text)
        {
            foreach (var manifest in Read(file, text, unusable))
            {
                yield return manifest;
            }
        }
    }

    /// <summary>The byte order mark may indicate UTF-16, which Windows shells write.</summary>
    private static StreamReader? Open(string file, Action<ManifestException> unusable)
    {
        try
        {
            return new StreamReader(file, Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            unusable(new ManifestException($"{file}: no such file", fault));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            unusable(new ManifestException($"{file}: cannot be read: {fault.Message}", fault));
        }

        return null;
    }

    /// <summary>A read error ends the stream and is reported.</summary>
    private static IEnumerable<YamlPart> UntilFault(string source, IEnumerable<YamlPart> parts, Action<ManifestException> unusable)
    {
        using var each = parts.GetEnumerator();
        while (MoveNext())
        {
            yield return each.Current;
        }

        bool MoveNext()
        {
            try
            {
                return each.MoveNext();
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                unusable(new ManifestException($"{source}: cannot be read: {fault.Message}", fault));
                return false;
            }
        }
    }

    private static IReadOnlyList<Manifest> ReadPart(YamlPart part, UnrenderedTemplates templates, Action<ManifestException> unusable)
    {
        try
        {
            return JsonStream.ReadOrNull(part, unusable) ?? YamlDocuments.Read(part);
        }
        catch (ManifestException wrong)
        {
            if (templates.ExplainOrNull(part, wrong) is { } explained)
            {
                unusable(explained);
            }

            return [];
        }
    }

    /// <summary>
    /// As in kubectl, an object with a list of items is a list, and untyped items have the kind of the list. An empty list is kept, so that
    /// it is reported.
    /// </summary>
    private static IEnumerable<Manifest> Flatten(Manifest manifest) =>
        manifest.Content is { ValueKind: JsonValueKind.Object } list
        && list.TryGetProperty("items", out var items)
        && items.ValueKind is JsonValueKind.Array
        && items.GetArrayLength() > 0
            ? items.EnumerateArray().SelectMany((item, i) => Flatten(new Manifest(ItemOf(manifest.Place, i), Typed(item, manifest))))
            : [manifest];

    private static ManifestPlace ItemOf(ManifestPlace list, int i) => list.At($"{(list.Item.Length > 0 ? $"{list.Item}." : "")}items[{i}]");

    private static JsonElement Typed(JsonElement item, Manifest list)
    {
        var kind = list.Kind.EndsWith("List", StringComparison.Ordinal) ? list.Kind[..^"List".Length] : list.Kind;
        if (
            kind.Length == 0
            || item.ValueKind is not JsonValueKind.Object
            || item.TryGetProperty("kind", out _)
            || item.TryGetProperty("apiVersion", out _)
        )
        {
            return item;
        }

        var typed = JsonObject.Create(item) ?? [];
        typed["apiVersion"] = list.ApiVersion;
        typed["kind"] = kind;
        return JsonSerializer.SerializeToElement(typed);
    }
}
