using System.Buffers;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// A pod template as it is recorded: the hashed parts that an approval covers, and the parts that the hash leaves out. It does not refer to
/// buffers of the request.
/// </summary>
/// <param name="Hash">With its version: <c>v2:</c> and 64 hex digits.</param>
/// <param name="LegacyHash">The hash of version 0.2, with which a Change of that version is matched.</param>
/// <param name="Json">The canonical template that was hashed.</param>
/// <param name="Claims">The hashed volume claim templates of a StatefulSet; empty if there are none.</param>
/// <param name="Unhashed">
/// <c>{"annotations": {}, "labels": {}}</c> with the entries that the hash leaves out; empty if there are none.
/// </param>
public sealed record RecordedTemplate(
    string Hash,
    string LegacyHash,
    ReadOnlyMemory<byte> Json,
    ReadOnlyMemory<byte> Claims,
    ReadOnlyMemory<byte> Unhashed
)
{
    /// <summary>Whether the template has the recorded hash. A record that was altered must not be shown to an approver.</summary>
    public bool MatchesHash =>
        Hash == TemplateHash.WithClaims(TemplateHash.Of(Json.Span), Claims.IsEmpty ? "" : TemplateHash.Digest(Claims.Span));

    public int Bytes => Json.Length + Claims.Length + Unhashed.Length;

    /// <summary>Null if only the hash was kept.</summary>
    public static RecordedTemplate? OfOrNull(PodTemplate template) =>
        template.Canonical is { } canonical
            ? new RecordedTemplate(template.Hash, template.LegacyHash, canonical.Json, canonical.Claims, UnhashedOf(template, canonical))
            : null;

    /// <summary>Template and claims as one object, for comparison.</summary>
    public JsonDocument Read() => CanonicalDocument.Of(Json, Claims);

    private static ReadOnlyMemory<byte> UnhashedOf(PodTemplate template, CanonicalTemplate canonical)
    {
        using var document = JsonDocument.Parse(canonical.Json, CanonicalJson.ParseOptions);
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
        var hashed =
            canonical.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty(name, out var kept)
                ? kept.EnumerateObject().Select(e => e.Name).ToHashSet()
                : [];
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
