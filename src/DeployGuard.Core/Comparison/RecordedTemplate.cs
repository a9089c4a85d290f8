using System.Buffers;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Comparison;

/// <summary>A pod template as it goes on record: what is signed, and what its hash leaves out. Holds nothing of the request's own buffers.</summary>
/// <param name="Hash">With its version: <c>v2:</c> and 64 hex digits.</param>
/// <param name="LegacyHash">What version 0.2 named it by; a Change of that version is of the same template.</param>
/// <param name="Json">The canonical template, as it was hashed.</param>
/// <param name="Claims">The claims of a StatefulSet, as they were hashed; empty where there are none.</param>
/// <param name="LeftOut"><c>{"annotations": {}, "labels": {}}</c> of what the hash leaves out; empty where that is nothing.</param>
public sealed record RecordedTemplate(
    string Hash, string LegacyHash, ReadOnlyMemory<byte> Json, ReadOnlyMemory<byte> Claims, ReadOnlyMemory<byte> LeftOut)
{
    /// <summary>Whether the template is the one that the hash stands for. A record that says otherwise must not be shown as what is signed.</summary>
    public bool IsWhatWasHashed =>
        Hash == TemplateHash.WithClaims(TemplateHash.Of(Json.Span), Claims.IsEmpty ? "" : TemplateHash.Digest(Claims.Span));

    public int Bytes => Json.Length + Claims.Length + LeftOut.Length;

    /// <summary>Null where the hash alone was kept.</summary>
    public static RecordedTemplate? OfOrNull(PodTemplate template) =>
        template.Canonical is { } canonical ? new RecordedTemplate(template.Hash, template.LegacyHash, canonical.Json, canonical.Claims, LeftOutOf(template, canonical)) : null;

    /// <summary>Template and claims as one object, to be compared.</summary>
    public JsonDocument Read() => CanonicalDocument.Of(Json, Claims);

    private static ReadOnlyMemory<byte> LeftOutOf(PodTemplate template, CanonicalTemplate canonical)
    {
        using var document = JsonDocument.Parse(canonical.Json);
        var annotations = Missing(template.Annotations, document.RootElement, "annotations");
        var labels = Missing(template.Labels, document.RootElement, "labels");
        if (annotations.Count + labels.Count == 0)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            Write(writer, "annotations", annotations);
            Write(writer, "labels", labels);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static List<KeyValuePair<string, string>> Missing(IReadOnlyDictionary<string, string> map, JsonElement canonical, string name)
    {
        var hashed = canonical.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty(name, out var kept) ? kept.EnumerateObject().Select(e => e.Name).ToHashSet() : [];
        return [.. map.Where(e => !hashed.Contains(e.Key)).OrderBy(e => e.Key, StringComparer.Ordinal)];
    }

    private static void Write(Utf8JsonWriter writer, string name, List<KeyValuePair<string, string>> entries)
    {
        if (entries.Count == 0)
        {
            return;
        }

        writer.WriteStartObject(name);
        entries.ForEach(e => writer.WriteString(e.Key, e.Value));
        writer.WriteEndObject();
    }
}
