using System.Text;
using System.Text.Json;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Content;

/// <summary>Reads manifests and indexes.</summary>
internal static class ManifestParser
{
    /// <summary>Layers, members of an index, annotations or labels: a manifest of the largest size could have tens of thousands.</summary>
    public const int MostEntries = 1000;

    private const int LongestPlatform = 64;

    /// <summary>The system and the architecture of an entry that holds statements of a builder.</summary>
    private const string Unknown = "unknown";

    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    private static readonly Dictionary<string, string> s_none = [];

    private static readonly string[] s_rootFields =
    [
        "mediaType",
        "artifactType",
        "manifests",
        "layers",
        "config",
        "annotations",
        "schemaVersion",
    ];
    private static readonly string[] s_descriptorFields = ["mediaType", "digest", "size", "artifactType", "platform", "annotations"];
    private static readonly string[] s_platformFields = ["os", "architecture", "variant"];
    private static readonly string[] s_imageFields = ["config"];
    private static readonly string[] s_configFields = ["Labels"];

    /// <summary>Null if it is not a manifest.</summary>
    /// <param name="contentType">Of the answer, for manifests that do not say their own type.</param>
    public static Manifest? TryParse(ReadOnlyMemory<byte> json, Digest digest, string contentType)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_strict);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object ? Read(root, digest, contentType) : null;
        }
        // A text with half of a surrogate pair is an InvalidOperationException.
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The labels of an image's configuration; null if it is none.</summary>
    public static IReadOnlyDictionary<string, string>? TryReadLabels(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, s_strict);
            return
                document.RootElement.ValueKind == JsonValueKind.Object
                && WithExactNames(document.RootElement, s_imageFields).TryGetProperty("config", out var config)
                && config.ValueKind == JsonValueKind.Object
                ? Texts(WithExactNames(config, s_configFields), "Labels")
                : s_none;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Manifest? Read(JsonElement root, Digest digest, string contentType)
    {
        var hasMembers = WithExactNames(root, s_rootFields).TryGetProperty("manifests", out _);
        var hasLayers = root.TryGetProperty("layers", out _);
        var mediaType = Text(root, "mediaType") ?? (hasMembers ? MediaTypes.Index : contentType);
        // A content that is an index to one reader and an image to another would be two images under one digest.
        return mediaType.Length > MediaTypes.Longest || (hasMembers && hasLayers) || MediaTypes.IsIndex(mediaType) != hasMembers
            ? null
            : new Manifest(
                digest,
                mediaType,
                Text(root, "artifactType"),
                root.TryGetProperty("config", out var config) && config.ValueKind != JsonValueKind.Null ? ReadDescriptor(config) : null,
                Descriptors(root, "layers"),
                Descriptors(root, "manifests"),
                Texts(root, "annotations")
            )
            {
                EntriesNotRead = EntriesNotReadOf(root),
            };
    }

    /// <summary>Each list is cut by itself.</summary>
    private static int EntriesNotReadOf(JsonElement root) =>
        ((string[])["layers", "manifests"]).Sum(f =>
            root.TryGetProperty(f, out var list) && list.ValueKind == JsonValueKind.Array
                ? Math.Max(0, list.GetArrayLength() - MostEntries)
                : 0
        );

    /// <exception cref="FormatException">One of them has no usable digest.</exception>
    private static IReadOnlyList<Descriptor> Descriptors(JsonElement root, string field) =>
        !root.TryGetProperty(field, out var list) || list.ValueKind == JsonValueKind.Null ? []
        : list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Take(MostEntries).Select(ReadDescriptor)]
        : throw new FormatException(field);

    private static Descriptor ReadDescriptor(JsonElement json) =>
        json.ValueKind == JsonValueKind.Object
        && Digest.TryParse(Text(WithExactNames(json, s_descriptorFields), "digest")) is { } digest
        && json.TryGetProperty("size", out var size)
        && size.ValueKind == JsonValueKind.Number
        && size.TryGetInt64(out var bytes)
        && bytes >= 0
            ? new Descriptor(
                Text(json, "mediaType") ?? "",
                digest,
                bytes,
                Text(json, "artifactType"),
                Platform(json),
                Texts(json, "annotations")
            )
            {
                IsOfNoPlatform = IsOfNoPlatform(json),
            }
            : throw new FormatException("descriptor");

    /// <summary>A field that is missing is not unknown, and the name of one is not that of two.</summary>
    private static bool IsOfNoPlatform(JsonElement json) =>
        json.TryGetProperty("platform", out var platform)
        && platform.ValueKind == JsonValueKind.Object
        && Text(platform, "os") == Unknown
        && Text(platform, "architecture") == Unknown
        && !platform.TryGetProperty("variant", out _);

    /// <summary>Cut where it is longer than any that a runtime would choose.</summary>
    private static string? Platform(JsonElement json)
    {
        if (!json.TryGetProperty("platform", out var platform) || platform.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        WithExactNames(platform, s_platformFields);
        var name = string.Join('/', s_platformFields.Select(f => Text(platform, f)).Where(p => p is not null));
        return name.Length > LongestPlatform ? name[..LongestPlatform] : name;
    }

    /// <summary>
    /// Container runtimes are written in Go, whose reader takes a name of other letter case for the field: the same content would be
    /// another image to them. It also folds two characters outside of ASCII to letters.
    /// </summary>
    /// <exception cref="FormatException">A name is nearly that of a field.</exception>
    private static JsonElement WithExactNames(JsonElement json, string[] fields) =>
        json.EnumerateObject()
            .Any(p => !Ascii.IsValid(p.Name) || fields.Any(f => f != p.Name && f.Equals(p.Name, StringComparison.OrdinalIgnoreCase)))
            ? throw new FormatException("names")
            : json;

    private static string? Text(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <exception cref="FormatException">
    /// There are more than any image has: each costs memory for as long as the result is kept.
    /// </exception>
    private static Dictionary<string, string> Texts(JsonElement json, string field) =>
        !json.TryGetProperty(field, out var map) || map.ValueKind != JsonValueKind.Object ? s_none
        : map.GetPropertyCount() > MostEntries ? throw new FormatException(field)
        : map.EnumerateObject()
            .Where(p => p.Value.ValueKind == JsonValueKind.String)
            .ToDictionary(p => p.Name, p => p.Value.GetString() ?? "", StringComparer.Ordinal);
}
