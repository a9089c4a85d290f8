using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The spec of a Pod without the values that admission generates for each pod.</summary>
internal static class PodSpec
{
    /// <param name="pod">The whole Pod.</param>
    /// <param name="isBound">False to leave out the node, which the scheduler writes into a pod.</param>
    public static void Write(Utf8JsonWriter writer, JsonElement pod, JsonElement spec, bool isBound)
    {
        var token = TokenVolume.NameIn(spec);
        bool IsGenerated(JsonElement name) =>
            name.ValueKind is JsonValueKind.String
            && name.GetString() is { } text
            && GeneratedName.IsOfDebugger(text)
            && !IsReferredTo(text, pod, spec);
        writer.WriteStartObject();
        foreach (var property in CanonicalJson.Sorted(spec).Where(p => isBound || p.Name != "nodeName"))
        {
            switch (property.Name)
            {
                case "tolerations":
                    WriteTolerations(writer, property.Value);
                    break;
                case "volumes" when token is not null:
                    WriteItems(writer, property, item => WriteRenamed(writer, item, token));
                    break;
                case "containers" or "ephemeralContainers":
                    WriteItems(writer, property, item => WriteContainer(writer, item, token, IsGenerated));
                    break;
                case "initContainers" when token is not null:
                    WriteItems(writer, property, item => WriteContainer(writer, item, token, static _ => false));
                    break;
                default:
                    writer.WritePropertyName(property.Name);
                    CanonicalJson.Write(writer, property.Value);
                    break;
            }
        }

        writer.WriteEndObject();
    }

    /// <param name="token">Name of the pod's token volume; null if admission added none.</param>
    private static void WriteContainer(Utf8JsonWriter writer, JsonElement container, string? token, Func<JsonElement, bool> isGenerated)
    {
        writer.WriteStartObject();
        foreach (var property in CanonicalJson.Sorted(container))
        {
            if (property.Name == "volumeMounts" && token is not null)
            {
                WriteItems(writer, property, mount => WriteRenamed(writer, mount, token));
                continue;
            }

            writer.WritePropertyName(property.Name);
            // The same command generates another name each time, so an approval of this name could not be used. The name does not change
            // what runs.
            if (property.Name == "name" && isGenerated(property.Value))
            {
                writer.WriteStringValue(GeneratedName.FixedDebugger);
            }
            else
            {
                CanonicalJson.Write(writer, property.Value);
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// The name also occurs elsewhere: in a container that shares its process namespace, or in an annotation for a security profile.
    /// </summary>
    private static bool IsReferredTo(string name, JsonElement pod, JsonElement spec)
    {
        var text = Encoding.UTF8.GetBytes(name);
        return JsonMarshal.GetRawUtf8Value(spec).Count(text) > 1
            || (
                pod.TryGetProperty("metadata", out var metadata)
                && metadata.ValueKind is JsonValueKind.Object
                && metadata.TryGetProperty("annotations", out var annotations)
                && JsonMarshal.GetRawUtf8Value(annotations).IndexOf(text) >= 0
            );
    }

    /// <summary>Writes a volume or a mount, with the fixed name in the place of the generated one.</summary>
    private static void WriteRenamed(Utf8JsonWriter writer, JsonElement named, string token)
    {
        writer.WriteStartObject();
        foreach (var property in CanonicalJson.Sorted(named))
        {
            writer.WritePropertyName(property.Name);
            if (property is { Name: "name", Value.ValueKind: JsonValueKind.String } && property.Value.ValueEquals(token))
            {
                writer.WriteStringValue(TokenVolume.FixedName);
            }
            else
            {
                CanonicalJson.Write(writer, property.Value);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteItems(Utf8JsonWriter writer, (string Name, JsonElement Value) list, Action<JsonElement> write)
    {
        writer.WriteStartArray(list.Name);
        foreach (var item in list.Value.EnumerateArray())
        {
            write(item);
        }

        writer.WriteEndArray();
    }

    /// <summary>Admission adds two tolerations to every pod. An empty rest is not written.</summary>
    private static void WriteTolerations(Utf8JsonWriter writer, JsonElement tolerations)
    {
        var kept = tolerations.EnumerateArray().Where(t => !IsDefaultToleration(t)).ToList();
        if (kept.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tolerations");
        kept.ForEach(toleration => CanonicalJson.Write(writer, toleration));
        writer.WriteEndArray();
    }

    private static bool IsDefaultToleration(JsonElement toleration) =>
        toleration.ValueKind is JsonValueKind.Object
        && toleration.GetPropertyCount() == 4
        && Text(toleration, "key") is "node.kubernetes.io/not-ready" or "node.kubernetes.io/unreachable"
        && Text(toleration, "operator") == "Exists"
        && Text(toleration, "effect") == "NoExecute"
        && toleration.TryGetProperty("tolerationSeconds", out var seconds)
        && seconds.ValueKind is JsonValueKind.Number
        && seconds.TryGetInt64(out var value)
        && value == 300;

    private static string Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() ?? "" : "";
}
