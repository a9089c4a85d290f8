using System.Buffers;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// The volume claim templates of a StatefulSet. They belong to the revision, because the storage affects how the pods behave.
/// </summary>
internal static class ClaimTemplates
{
    private static readonly string[] s_metadata = ["annotations", "labels", "name"];

    /// <summary>Canonical JSON of the names, labels, annotations and specs; empty if there are none.</summary>
    public static ReadOnlyMemory<byte> Canonical(JsonElement? claims)
    {
        if (claims is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
        {
            return default;
        }

        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var claim in list.EnumerateArray())
            {
                Write(writer, claim);
            }

            writer.WriteEndArray();
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter writer, JsonElement claim)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("metadata");
        foreach (var name in s_metadata)
        {
            WriteMember(writer, claim, "metadata", name);
        }

        writer.WriteEndObject();
        if (Member(claim, "spec") is { } spec)
        {
            writer.WritePropertyName("spec");
            CanonicalJson.Write(writer, spec);
        }

        writer.WriteEndObject();
    }

    private static void WriteMember(Utf8JsonWriter writer, JsonElement claim, string owner, string name)
    {
        if (Member(claim, owner) is { } metadata && Member(metadata, name) is { } value)
        {
            writer.WritePropertyName(name);
            CanonicalJson.Write(writer, value);
        }
    }

    private static JsonElement? Member(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null
            ? value
            : null;
}
