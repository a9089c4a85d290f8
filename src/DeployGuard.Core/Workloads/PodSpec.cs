using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The spec of a Pod as its author wrote it: what admission and the scheduler add differs from pod to pod.</summary>
internal static class PodSpec
{
    private const string TokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    private static readonly HashSet<string> s_added = ["nodeName", "priority", "preemptionPolicy"];

    public static void WriteWithoutAdditions(Utf8JsonWriter writer, JsonElement spec)
    {
        var tokens = TokenVolumes(spec);
        writer.WriteStartObject();
        foreach (var property in CanonicalJson.Sorted(spec).Where(p => !s_added.Contains(p.Name)))
        {
            switch (property.Name)
            {
                case "tolerations":
                    WriteItems(writer, property, t => !IsDefaultToleration(t), CanonicalJson.Write);
                    break;
                case "volumes":
                    WriteItems(writer, property, v => !tokens.Contains(Text(v, "name")), CanonicalJson.Write);
                    break;
                case "containers" or "initContainers" or "ephemeralContainers":
                    WriteItems(writer, property, _ => true, WriteContainer);
                    break;
                default:
                    writer.WritePropertyName(property.Name);
                    CanonicalJson.Write(writer, property.Value);
                    break;
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>Names of the volumes through which the ServiceAccount admission plugin hands the pod its token.</summary>
    private static HashSet<string> TokenVolumes(JsonElement spec) =>
    [
        .. from container in Items(spec, "containers").Concat(Items(spec, "initContainers"))
           from mount in Items(container, "volumeMounts")
           where IsTokenMount(mount)
           select Text(mount, "name"),
    ];

    private static void WriteContainer(Utf8JsonWriter writer, JsonElement container)
    {
        writer.WriteStartObject();
        foreach (var property in CanonicalJson.Sorted(container))
        {
            if (property.Name == "volumeMounts")
            {
                WriteItems(writer, property, m => !IsTokenMount(m), CanonicalJson.Write);
                continue;
            }

            writer.WritePropertyName(property.Name);
            CanonicalJson.Write(writer, property.Value);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the list's items that are kept; a list of which nothing is left is not written at all.</summary>
    private static void WriteItems(
        Utf8JsonWriter writer, (string Name, JsonElement Value) list, Func<JsonElement, bool> keep, Action<Utf8JsonWriter, JsonElement> write)
    {
        var kept = list.Value.EnumerateArray().Where(keep).ToList();
        if (kept.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(list.Name);
        kept.ForEach(item => write(writer, item));
        writer.WriteEndArray();
    }

    private static bool IsTokenMount(JsonElement mount) =>
        Text(mount, "mountPath") == TokenMountPath
        && mount.TryGetProperty("readOnly", out var readOnly) && readOnly.ValueKind is JsonValueKind.True
        && (Text(mount, "name").StartsWith("kube-api-access-", StringComparison.Ordinal)
            || Text(mount, "name").Contains("-token-", StringComparison.Ordinal));

    private static bool IsDefaultToleration(JsonElement toleration) =>
        Text(toleration, "key") is "node.kubernetes.io/not-ready" or "node.kubernetes.io/unreachable"
        && Text(toleration, "operator") == "Exists"
        && Text(toleration, "effect") == "NoExecute"
        && toleration.TryGetProperty("tolerationSeconds", out var seconds)
        && seconds.ValueKind is JsonValueKind.Number && seconds.TryGetInt64(out var value) && value == 300;

    private static JsonElement.ArrayEnumerator Items(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var list) && list.ValueKind is JsonValueKind.Array ? list.EnumerateArray() : default;

    private static string Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() ?? "" : "";
}
