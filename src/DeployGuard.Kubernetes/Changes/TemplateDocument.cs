using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>The ChangeTemplate object in its wire form.</summary>
internal static class TemplateDocument
{
    /// <summary>Its size, for readers of the metadata alone.</summary>
    public const string BytesAnnotation = "deployguard.io/bytes";

    /// <param name="changeUid">Of its Change, as just written: it is deleted with the Change of this uid.</param>
    public static JsonObject Of(TemplateEntry entry, string changeUid, DateTimeOffset now)
    {
        var spec = new JsonObject { ["at"] = Rfc3339.Show(now), ["after"] = PackedTemplate.Of(entry.After) };
        if (entry.Before is { } before)
        {
            spec["before"] = PackedTemplate.Of(before);
        }
        else if (entry.BeforeIsUnknown)
        {
            spec["beforeIsUnknown"] = true;
        }

        var owner = new JsonObject
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = "Change",
            ["name"] = entry.Name,
            ["uid"] = changeUid,
        };
        var bytes = spec.ToJsonString().Length.ToString(CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = "ChangeTemplate",
            ["metadata"] = new JsonObject
            {
                ["name"] = entry.Name,
                ["namespace"] = entry.Namespace,
                ["annotations"] = new JsonObject { [BytesAnnotation] = bytes },
                ["ownerReferences"] = new JsonArray(owner),
            },
            ["spec"] = spec,
        };
    }

    /// <summary>The document to store; null if the stored one has the same content, or more.</summary>
    public static string? Next(JsonElement? stored, JsonObject wanted)
    {
        if (stored is not { } existing)
        {
            return wanted.ToJsonString();
        }

        var was = JsonObject.Create(existing);
        var knows = (bool?)wanted["spec"]?["beforeIsUnknown"] is true && Part(was, "before") is not null;
        if (
            Owner(was) == Owner(wanted)
            && Part(was, "after") == Part(wanted, "after")
            && (knows || Part(was, "before") == Part(wanted, "before"))
        )
        {
            return null;
        }

        var next = wanted.DeepClone().AsObject();
        JsonWriting.Child(next, "metadata")["resourceVersion"] = (string?)was?["metadata"]?["resourceVersion"];
        return next.ToJsonString();
    }

    private static string? Owner(JsonObject? document) => (string?)document?["metadata"]?["ownerReferences"]?[0]?["uid"];

    /// <summary>The content in a fixed order: the server may return members in another.</summary>
    private static string? Part(JsonObject? document, string side) =>
        document?["spec"]?[side] is JsonObject part
            ? string.Join('\n', part.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value?.ToJsonString()}"))
            : null;
}
