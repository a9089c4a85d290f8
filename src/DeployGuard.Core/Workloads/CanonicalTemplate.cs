using System.Buffers;
using System.Text;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// A pod template in canonical form: keys are sorted, nulls and empty metadata are removed. Labels and annotations for restarts,
/// DeployGuard, release tools and controllers are left out too, unless the pod reads them. Equal templates have the same form.
/// </summary>
/// <param name="Json">UTF-8.</param>
/// <param name="Claims">The volume claim templates of a StatefulSet in the same form, UTF-8; empty if there are none.</param>
/// <param name="Hash"><c>v2:</c> and the SHA-256 of both in 64 lower-case hex digits.</param>
public sealed record CanonicalTemplate(ReadOnlyMemory<byte> Json, ReadOnlyMemory<byte> Claims, string Hash)
{
    /// <summary>Labels and annotations that are not part of the hash, with their values, by path.</summary>
    public IReadOnlyList<(string Path, string Value)> Unhashed { get; private init; } = [];

    /// <summary>The pod reads its own annotations through the downward API.</summary>
    public bool ReadsAnnotations { get; private init; }

    /// <summary>
    /// The template contains U+FFFD. API servers write it in the place of invalid bytes, which a protobuf request may contain. Then two
    /// templates that run differently would have the same JSON.
    /// </summary>
    public bool HasLostText { get; private init; }

    /// <summary>64 hex digits over <see cref="Claims"/>; empty if there are none.</summary>
    public string ClaimsDigest { get; private init; } = "";

    /// <summary>Canonicalizes a pod template without an owner: <c>{metadata, spec}</c>.</summary>
    public static CanonicalTemplate Of(JsonElement template, TemplateNoise noise) => Of(template, TemplateHolder.None, null, noise);

    /// <param name="template">The pod template, or a whole Pod.</param>
    /// <param name="claims">The <c>volumeClaimTemplates</c> beside it.</param>
    internal static CanonicalTemplate Of(JsonElement template, TemplateHolder holder, JsonElement? claims, TemplateNoise noise)
    {
        var reads = DownwardReads.Of(template);
        var leftOut = new List<(string Path, string Value)>();
        var json = Write(
            template,
            holder.Type.IsItsOwnTemplate,
            isBound: true,
            writer => WriteMetadata(writer, template, holder, reads, noise, leftOut)
        );
        var canonicalClaims = ClaimTemplates.Canonical(claims);
        var digest = canonicalClaims.IsEmpty ? "" : TemplateHash.Digest(canonicalClaims.Span);
        return new CanonicalTemplate(json, canonicalClaims, TemplateHash.WithClaims(TemplateHash.Of(json.Span), digest))
        {
            Unhashed = leftOut,
            ReadsAnnotations = reads.Annotations,
            HasLostText = HasReplacement(json.Span),
            ClaimsDigest = digest,
        };
    }

    /// <summary>The hash of a Pod without its node. A bound Pod does not show whether its author or the scheduler chose the node.</summary>
    internal static string HashOfUnbound(JsonElement pod, TemplateHolder holder, TemplateNoise noise)
    {
        var reads = DownwardReads.Of(pod);
        return TemplateHash.Of(
            Write(pod, holder.Type.IsItsOwnTemplate, isBound: false, writer => WriteMetadata(writer, pod, holder, reads, noise, [])).Span
        );
    }

    /// <summary>
    /// The writer escapes U+FFFD. After an escaped backslash, as in a regular expression, the same letters are ordinary text.
    /// </summary>
    private static bool HasReplacement(ReadOnlySpan<byte> json)
    {
        var escape = "\\uFFFD"u8;
        for (var at = json.IndexOf(escape); at >= 0; json = json[(at + escape.Length)..], at = json.IndexOf(escape))
        {
            var backslashes = at - 1 - json[..at].LastIndexOfAnyExcept((byte)'\\');
            if (backslashes % 2 == 0)
            {
                return true;
            }
        }

        return false;
    }

    private static ReadOnlyMemory<byte> Write(JsonElement template, bool isPod, bool isBound, Action<Utf8JsonWriter> writeMetadata)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writeMetadata(writer);
            if (template.TryGetProperty("spec", out var spec))
            {
                writer.WritePropertyName("spec");
                WriteSpec(writer, template, spec, isPod, isBound);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteSpec(Utf8JsonWriter writer, JsonElement template, JsonElement spec, bool isPod, bool isBound)
    {
        if (isPod)
        {
            PodSpec.Write(writer, template, spec, isBound);
        }
        else
        {
            CanonicalJson.Write(writer, spec);
        }
    }

    private static void WriteMetadata(
        Utf8JsonWriter writer,
        JsonElement template,
        TemplateHolder holder,
        DownwardReads reads,
        TemplateNoise noise,
        List<(string Path, string Value)> leftOut
    )
    {
        if (!template.TryGetProperty("metadata", out var metadata) || metadata.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        // Controllers copy only labels, annotations and finalizers into pods. Name, uid and timestamps do not change what runs. The
        // finalizers of a Pod itself come from its controller.
        var annotations = Counted(metadata, "annotations", (key, value) => noise.IsAnnotationNoise(key, value, reads.Annotations), leftOut);
        var labels = Counted(
            metadata,
            "labels",
            (key, value) => noise.IsLabelNoise(key, reads.Labels) || holder.Type.IsControllerLabel(holder, key, value, reads.Labels),
            leftOut
        );
        JsonElement? finalizers =
            !holder.Type.IsItsOwnTemplate
            && metadata.TryGetProperty("finalizers", out var found)
            && found is { ValueKind: JsonValueKind.Array }
            && found.GetArrayLength() > 0
                ? found
                : null;
        if (annotations.Count + labels.Count > 0 || finalizers is not null)
        {
            writer.WriteStartObject("metadata");
            WriteMap(writer, "annotations", annotations);
            if (finalizers is { } held)
            {
                writer.WritePropertyName("finalizers");
                held.WriteTo(writer);
            }

            WriteMap(writer, "labels", labels);
            writer.WriteEndObject();
        }
    }

    private static List<JsonProperty> Counted(
        JsonElement metadata,
        string map,
        Func<string, string, bool> isNoise,
        List<(string Path, string Value)> leftOut
    )
    {
        var counted = new List<JsonProperty>();
        if (!metadata.TryGetProperty(map, out var entries) || entries.ValueKind is not JsonValueKind.Object)
        {
            return counted;
        }

        foreach (var entry in entries.EnumerateObject())
        {
            var value = entry.Value.ValueKind is JsonValueKind.String ? entry.Value.GetString() ?? "" : null;
            if (value is not null && isNoise(entry.Name, value))
            {
                leftOut.Add(($"metadata.{map}.{entry.Name}", value));
            }
            else
            {
                counted.Add(entry);
            }
        }

        counted.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return counted;
    }

    /// <summary>An empty map equals an absent one. Otherwise the first restart annotation, once removed, would change the hash.</summary>
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
