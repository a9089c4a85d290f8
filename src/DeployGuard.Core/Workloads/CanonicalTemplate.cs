using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// A pod template in the one form that two equal templates share: keys sorted, nulls and empty metadata gone, and without what
/// restarts, DeployGuard, release tooling and controllers write into it.
/// </summary>
/// <param name="Json">UTF-8.</param>
/// <param name="Hash"><c>v1:</c> and the SHA-256 of <paramref name="Json"/> in 64 lower-case hex digits.</param>
public sealed record CanonicalTemplate(ReadOnlyMemory<byte> Json, string Hash)
{
    public const string HashPrefix = "v1:";

    /// <summary>Canonicalizes a pod template: <c>{metadata, spec}</c>.</summary>
    public static CanonicalTemplate Of(JsonElement template, TemplateNoise noise) => Build(writer =>
    {
        writer.WriteStartObject();
        WriteMetadata(writer, template, noise);
        if (template.TryGetProperty("spec", out var spec))
        {
            writer.WritePropertyName("spec");
            CanonicalJson.Write(writer, spec);
        }

        writer.WriteEndObject();
    });

    /// <summary>Canonicalizes a Pod, without what admission and the scheduler added to its spec.</summary>
    public static CanonicalTemplate OfPod(JsonElement pod, TemplateNoise noise) => Build(writer =>
    {
        writer.WriteStartObject();
        WriteMetadata(writer, pod, noise);
        if (pod.TryGetProperty("spec", out var spec))
        {
            writer.WritePropertyName("spec");
            PodSpec.WriteWithoutAdditions(writer, spec);
        }

        writer.WriteEndObject();
    });

    private static CanonicalTemplate Build(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        var hash = HashPrefix + Convert.ToHexStringLower(SHA256.HashData(buffer.WrittenSpan));
        return new CanonicalTemplate(buffer.WrittenMemory, hash);
    }

    private static void WriteMetadata(Utf8JsonWriter writer, JsonElement owner, TemplateNoise noise)
    {
        if (!owner.TryGetProperty("metadata", out var metadata) || metadata.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        // Only labels and annotations: name, uid, creationTimestamp and the like say nothing about what runs.
        // What a container reads is what runs, whatever else its key is for; only what controllers write can say nothing new.
        var annotations = Entries(metadata, "annotations", key => noise.IsAnnotationNoise(key) && !IsRead(owner, $"metadata.annotations['{key}']"));
        var labels = Entries(metadata, "labels", key => noise.IsLabelNoise(key) && (TemplateNoise.IsControllersLabel(key) || !IsRead(owner, $"metadata.labels['{key}']")));
        if (annotations.Count + labels.Count > 0)
        {
            writer.WriteStartObject("metadata");
            WriteMap(writer, "annotations", annotations);
            WriteMap(writer, "labels", labels);
            writer.WriteEndObject();
        }
    }

    private static bool IsRead(JsonElement owner, string fieldPath) =>
        owner.TryGetProperty("spec", out var spec) && Names(spec, fieldPath);

    private static bool Names(JsonElement node, string fieldPath) => node.ValueKind switch
    {
        JsonValueKind.Object => node.EnumerateObject().Any(p => p.NameEquals("fieldPath") ? p.Value.ValueKind is JsonValueKind.String && p.Value.ValueEquals(fieldPath) : Names(p.Value, fieldPath)),
        JsonValueKind.Array => node.EnumerateArray().Any(item => Names(item, fieldPath)),
        _ => false,
    };

    private static List<JsonProperty> Entries(JsonElement metadata, string name, Func<string, bool> isNoise) =>
        metadata.TryGetProperty(name, out var map) && map.ValueKind is JsonValueKind.Object
            ? [.. map.EnumerateObject().Where(e => !isNoise(e.Name)).OrderBy(e => e.Name, StringComparer.Ordinal)]
            : [];

    /// <summary>An empty map says the same as none: a first restart annotation, once dropped, must leave no trace.</summary>
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

    public override string ToString() => Encoding.UTF8.GetString(Json.Span);
}
