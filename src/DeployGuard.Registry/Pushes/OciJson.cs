using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Pushes;

/// <summary>
/// The JSON of manifests and indexes that are written. What is there already is kept, with fields that are not known here.
/// </summary>
internal static class OciJson
{
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Bytes(JsonNode json) => JsonSerializer.SerializeToUtf8Bytes(json, s_readable);

    public static JsonObject Descriptor(string mediaType, Digest digest, long size, IReadOnlyDictionary<string, string>? annotations = null)
    {
        var descriptor = new JsonObject
        {
            ["mediaType"] = mediaType,
            ["digest"] = $"{digest}",
            ["size"] = size,
        };
        if (annotations is { Count: > 0 })
        {
            descriptor["annotations"] = Texts(annotations);
        }

        return descriptor;
    }

    public static JsonObject Texts(IReadOnlyDictionary<string, string> texts) =>
        new(texts.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));

    public static JsonObject Manifest(JsonObject config, JsonArray layers) =>
        new()
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.Manifest,
            ["config"] = config,
            ["layers"] = layers,
        };

    public static JsonObject Index() =>
        new()
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.Index,
            ["manifests"] = new JsonArray(),
        };

    /// <summary>The object and its list; null if the content is something else.</summary>
    public static (JsonObject Owner, JsonArray Items)? TryReadList(byte[] content, string list)
    {
        try
        {
            return JsonNode.Parse(content) is JsonObject owner && owner[list] is JsonArray items && items.All(i => i is JsonObject)
                ? (owner, items)
                : null;
        }
        // A key that is there twice is an ArgumentException.
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    public static bool Lists(byte[] content, string list, Digest digest) =>
        TryReadList(content, list) is { } found && found.Items.Any(i => DigestOf(i) == $"{digest}");

    public static string? DigestOf(JsonNode? descriptor) =>
        descriptor?["digest"] is JsonValue value && value.TryGetValue<string>(out var digest) ? digest : null;
}
