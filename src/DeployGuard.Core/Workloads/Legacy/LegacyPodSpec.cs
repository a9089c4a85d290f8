using System.Text.Json;

namespace DeployGuard.Core.Workloads.Legacy;

/// <summary>The spec of a Pod in version 1 of the hash. To be removed with <see cref="LegacyTemplateHash"/>.</summary>
internal static class LegacyPodSpec
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
                    WriteItems(writer, property, _ => true, (w, c) => WriteContainer(w, c, tokens));
                    break;
                default:
                    writer.WritePropertyName(property.Name);
                    CanonicalJson.Write(writer, property.Value);
                    break;
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// Names of the token volumes of ServiceAccount admission. They are recognized by their content, because an approver must see a Secret
    /// or a host path under such a name. Servers before 1.22 mount a Secret with a fixed name, which stays in the hash.
    /// </summary>
    private static HashSet<string> TokenVolumes(JsonElement spec) =>
        [
            .. Items(spec, "volumes")
                .Where(v =>
                    Text(v, "name").StartsWith("kube-api-access-", StringComparison.Ordinal)
                    && Names(v).All(n => n is "name" or "projected")
                    && v.TryGetProperty("projected", out var projected)
                    && Items(projected, "sources").All(IsTokenSource)
                )
                .Select(v => Text(v, "name")),
        ];

    private static bool IsTokenSource(JsonElement source) =>
        Names(source)
            .All(kind =>
                kind switch
                {
                    "serviceAccountToken" => Text(source.GetProperty(kind), "audience").Length == 0,
                    "configMap" => Text(source.GetProperty(kind), "name") == "kube-root-ca.crt",
                    "downwardAPI" => Items(source.GetProperty(kind), "items").All(i => Text(i, "path") == "namespace"),
                    _ => false,
                }
            );

    private static void WriteContainer(Utf8JsonWriter writer, JsonElement container, HashSet<string> tokens)
    {
        writer.WriteStartObject();
        foreach (var property in CanonicalJson.Sorted(container))
        {
            if (property.Name == "volumeMounts")
            {
                WriteItems(writer, property, m => !IsTokenMount(m, tokens), CanonicalJson.Write);
                continue;
            }

            writer.WritePropertyName(property.Name);
            CanonicalJson.Write(writer, property.Value);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes the items to keep; an empty rest is not written.</summary>
    private static void WriteItems(
        Utf8JsonWriter writer,
        (string Name, JsonElement Value) list,
        Func<JsonElement, bool> keep,
        Action<Utf8JsonWriter, JsonElement> write
    )
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

    private static bool IsTokenMount(JsonElement mount, HashSet<string> tokens) =>
        Text(mount, "mountPath") == TokenMountPath
        && mount.TryGetProperty("readOnly", out var readOnly)
        && readOnly.ValueKind is JsonValueKind.True
        && Names(mount).All(n => n is "name" or "mountPath" or "readOnly")
        && tokens.Contains(Text(mount, "name"));

    private static bool IsDefaultToleration(JsonElement toleration) =>
        Text(toleration, "key") is "node.kubernetes.io/not-ready" or "node.kubernetes.io/unreachable"
        && Text(toleration, "operator") == "Exists"
        && Text(toleration, "effect") == "NoExecute"
        && toleration.TryGetProperty("tolerationSeconds", out var seconds)
        && seconds.ValueKind is JsonValueKind.Number
        && seconds.TryGetInt64(out var value)
        && value == 300;

    private static IEnumerable<string> Names(JsonElement owner) =>
        owner.ValueKind is JsonValueKind.Object ? owner.EnumerateObject().Select(p => p.Name) : [];

    private static JsonElement.ArrayEnumerator Items(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var list) && list.ValueKind is JsonValueKind.Array
            ? list.EnumerateArray()
            : default;

    private static string Text(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString() ?? ""
            : "";
}
