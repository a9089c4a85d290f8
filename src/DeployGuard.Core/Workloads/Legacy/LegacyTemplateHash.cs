using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace DeployGuard.Core.Workloads.Legacy;

/// <summary>
/// Version 1 of the hash, which DeployGuard 0.2 and earlier wrote on Changes and approvals. It finds records; no decision depends on it
/// alone. This folder is removed one minor version after the first release with <c>v2:</c>.
/// </summary>
internal static class LegacyTemplateHash
{
    /// <summary><c>v1:</c> and 64 hex digits.</summary>
    public static string Of(JsonElement template, bool isPod)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteMetadata(writer, template);
            WriteSpec(writer, template, isPod);
            writer.WriteEndObject();
        }

        return TemplateHash.LegacyPrefix + Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
    }

    private static void WriteSpec(Utf8JsonWriter writer, JsonElement template, bool isPod)
    {
        if (!template.TryGetProperty("spec", out var spec))
        {
            return;
        }

        writer.WritePropertyName("spec");
        if (isPod)
        {
            LegacyPodSpec.WriteWithoutAdditions(writer, spec);
        }
        else
        {
            CanonicalJson.Write(writer, spec);
        }
    }

    private static void WriteMetadata(Utf8JsonWriter writer, JsonElement owner)
    {
        if (!owner.TryGetProperty("metadata", out var metadata) || metadata.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        var annotations = Entries(
            metadata,
            "annotations",
            key => LegacyNoise.IsAnnotation(key) && !IsRead(owner, $"metadata.annotations['{key}']")
        );
        var labels = Entries(
            metadata,
            "labels",
            key => LegacyNoise.IsLabel(key) && (LegacyNoise.IsOfControllers(key) || !IsRead(owner, $"metadata.labels['{key}']"))
        );
        if (annotations.Count + labels.Count > 0)
        {
            writer.WriteStartObject("metadata");
            WriteMap(writer, "annotations", annotations);
            WriteMap(writer, "labels", labels);
            writer.WriteEndObject();
        }
    }

    private static bool IsRead(JsonElement owner, string fieldPath) => owner.TryGetProperty("spec", out var spec) && Names(spec, fieldPath);

    private static bool Names(JsonElement node, string fieldPath) =>
        node.ValueKind switch
        {
            JsonValueKind.Object => node.EnumerateObject()
                .Any(p =>
                    p.NameEquals("fieldPath")
                        ? p.Value.ValueKind is JsonValueKind.String && p.Value.ValueEquals(fieldPath)
                        : Names(p.Value, fieldPath)
                ),
            JsonValueKind.Array => node.EnumerateArray().Any(item => Names(item, fieldPath)),
            _ => false,
        };

    private static List<JsonProperty> Entries(JsonElement metadata, string name, Func<string, bool> isNoise) =>
        metadata.TryGetProperty(name, out var map) && map.ValueKind is JsonValueKind.Object
            ? [.. map.EnumerateObject().Where(e => !isNoise(e.Name)).OrderBy(e => e.Name, StringComparer.Ordinal)]
            : [];

    private static void WriteMap(Utf8JsonWriter writer, string name, List<JsonProperty> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        writer.WriteStartObject(name);
        entries.ForEach(entry => entry.WriteTo(writer));
        writer.WriteEndObject();
    }
}
