using System.Buffers;
using System.Text;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// A pod template in the one form that two equal templates share: keys sorted, nulls and empty metadata gone, and without what
/// restarts, DeployGuard, release tooling and controllers write into it, as far as nothing in the pod reads that.
/// </summary>
/// <param name="Json">UTF-8.</param>
/// <param name="Claims">The same of a StatefulSet's claims, UTF-8; empty where there are none.</param>
/// <param name="Hash"><c>v2:</c> and the SHA-256 of both in 64 lower-case hex digits.</param>
public sealed record CanonicalTemplate(ReadOnlyMemory<byte> Json, ReadOnlyMemory<byte> Claims, string Hash)
{
    /// <summary>Labels and annotations that are not part of the hash, with their values, by path.</summary>
    public IReadOnlyList<(string Path, string Value)> LeftOut { get; private init; } = [];

    /// <summary>Something in the pod reads its annotations.</summary>
    public bool ReadsAnnotations { get; private init; }

    /// <summary>
    /// It holds U+FFFD. API servers put it in the place of bytes that are no text, which a request in their binary form may have: what such a
    /// template runs is not what its JSON says.
    /// </summary>
    public bool HasLostText { get; private init; }

    /// <summary>64 hex digits over <see cref="Claims"/>; empty where there are none.</summary>
    public string ClaimsDigest { get; private init; } = "";

    /// <summary>Canonicalizes a pod template that stands by itself: <c>{metadata, spec}</c>.</summary>
    public static CanonicalTemplate Of(JsonElement template, TemplateNoise noise) => Of(template, TemplateHolder.None, null, noise);

    /// <param name="template">The template, or the Pod that is its own.</param>
    /// <param name="claims">The <c>volumeClaimTemplates</c> beside it.</param>
    internal static CanonicalTemplate Of(JsonElement template, TemplateHolder holder, JsonElement? claims, TemplateNoise noise)
    {
        var reads = DownwardReads.Of(template);
        var leftOut = new List<(string Path, string Value)>();
        var json = Write(template, holder.Type.IsItsOwnTemplate, isBound: true, writer => WriteMetadata(writer, template, holder, reads, noise, leftOut));
        var canonicalClaims = ClaimTemplates.Canonical(claims);
        var digest = canonicalClaims.IsEmpty ? "" : TemplateHash.Digest(canonicalClaims.Span);
        return new CanonicalTemplate(json, canonicalClaims, TemplateHash.WithClaims(TemplateHash.Of(json.Span), digest))
        {
            LeftOut = leftOut,
            ReadsAnnotations = reads.Annotations,
            HasLostText = HasReplacement(json.Span),
            ClaimsDigest = digest,
        };
    }

    /// <summary>
    /// The hash of a Pod as if it had been bound to no node: whether its author or the scheduler chose one cannot be told afterwards.
    /// </summary>
    internal static string HashOfUnbound(JsonElement pod, TemplateHolder holder, TemplateNoise noise)
    {
        var reads = DownwardReads.Of(pod);
        return TemplateHash.Of(Write(pod, holder.Type.IsItsOwnTemplate, isBound: false, writer => WriteMetadata(writer, pod, holder, reads, noise, [])).Span);
    }

    /// <summary>The writer escapes the character. The same letters behind an escaped backslash are those letters, as in a regular expression.</summary>
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
        List<(string Path, string Value)> leftOut)
    {
        if (!template.TryGetProperty("metadata", out var metadata) || metadata.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        // Only what controllers copy into pods: name, uid, creationTimestamp and the like say nothing about what runs. A Pod's own finalizers are its controller's.
        var annotations = Counted(metadata, "annotations", (key, value) => noise.IsAnnotationNoise(key, value, reads.Annotations), leftOut);
        var labels = Counted(
            metadata,
            "labels",
            (key, value) => noise.IsLabelNoise(key, reads.Labels) || holder.Type.IsControllerLabel(holder, key, value, reads.Labels),
            leftOut);
        JsonElement? finalizers = !holder.Type.IsItsOwnTemplate && metadata.TryGetProperty("finalizers", out var found) && found is { ValueKind: JsonValueKind.Array } && found.GetArrayLength() > 0 ? found : null;
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
        JsonElement metadata, string map, Func<string, string, bool> isNoise, List<(string Path, string Value)> leftOut)
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
