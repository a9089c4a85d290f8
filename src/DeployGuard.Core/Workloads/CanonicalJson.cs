using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Writes JSON with sorted keys and without nulls: in Kubernetes an absent field and a null one are the same.</summary>
internal static class CanonicalJson
{
    public static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(writer, value);
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, JsonElement value)
    {
        writer.WriteStartObject();
        foreach (var property in Sorted(value))
        {
            writer.WritePropertyName(property.Name);
            Write(writer, property.Value);
        }

        writer.WriteEndObject();
    }

    public static IEnumerable<JsonProperty> Sorted(JsonElement value) =>
        value.EnumerateObject()
            // ControllerRevisions carry the patch directive that puts the template back; it is not part of the template.
            .Where(p => p.Value.ValueKind is not JsonValueKind.Null && p.Name != "$patch")
            .OrderBy(p => p.Name, StringComparer.Ordinal);
}
