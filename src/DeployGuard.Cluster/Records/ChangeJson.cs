using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>Reads Change objects.</summary>
public static class ChangeJson
{
    /// <summary>Null for an object that DeployGuard cannot have written.</summary>
    public static RecordedChange? ReadOrNull(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        if (Child(item, "spec") is not { } spec || Child(spec, "workload") is not { } workload
            || Text(spec, "templateHash") is not { } hash || !Enum.TryParse<Phase>(Text(Child(item, "status"), "phase"), out var phase))
        {
            return null;
        }

        var status = Child(item, "status");
        return new RecordedChange
        {
            Name = Text(metadata, "name") ?? "",
            Workload = new WorkloadRef(Text(workload, "apiGroup") ?? "", Text(workload, "kind") ?? "", Text(metadata, "namespace") ?? "", Text(workload, "name") ?? ""),
            TemplateHash = hash,
            Images = [.. Items(spec, "images").Select(i => Text(i, "to")).OfType<string>()],
            Phase = phase,
            Evidence = [.. Items(Child(status, "origin"), "evidence").Select(e => new Evidence(Text(e, "source") ?? "", Text(e, "key") ?? "", Text(e, "value") ?? ""))],
            Requesters = [.. Items(status, "requesters").Select(r => Text(r, "username")).OfType<string>()],
            OwnedRevision = Text(status, "ownedRevision"),
        };
    }

    private static JsonElement? Child(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Object ? value : null;

    private static string? Text(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var list) && list.ValueKind is JsonValueKind.Array ? list.EnumerateArray() : default;
}
