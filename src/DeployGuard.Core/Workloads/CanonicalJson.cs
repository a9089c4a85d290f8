using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Writes JSON with sorted keys and without nulls. Kubernetes treats an absent field and a null one alike.</summary>
internal static class CanonicalJson
{
    /// <summary>
    /// For what was parsed before, and is parsed again: the parser's own limit of 64 is lower than that of a review, and the decision about
    /// a deep template would end in an error.
    /// </summary>
    public const int MaxDepth = 512;

    /// <summary>Of canonical JSON.</summary>
    public static JsonDocumentOptions ParseOptions { get; } = new() { MaxDepth = MaxDepth };

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
        foreach (var (name, member) in Sorted(value))
        {
            writer.WritePropertyName(name);
            Write(writer, member);
        }

        writer.WriteEndObject();
    }

    /// <summary>The members without nulls, by name. Each name becomes a string only once: this is the hottest loop of a decision.</summary>
    public static List<(string Name, JsonElement Value)> Sorted(JsonElement value)
    {
        var members = new List<(string Name, JsonElement Value)>(value.GetPropertyCount());
        foreach (var property in value.EnumerateObject())
        {
            // A ControllerRevision contains this patch directive for the rollback. It is not part of the template.
            if (property.Value.ValueKind is not JsonValueKind.Null && !property.NameEquals("$patch"u8))
            {
                members.Add((property.Name, property.Value));
            }
        }

        members.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return members;
    }
}
