using System.Text.Json;

namespace DeployGuard.Manifests;

/// <summary>One object of a YAML or JSON file.</summary>
/// <param name="Source">File and line, for messages: <c>policy.yaml:12</c>.</param>
public sealed record Manifest(string Source, JsonElement Content)
{
    public string Kind => Text("kind");

    public string ApiVersion => Text("apiVersion");

    private string Text(string name) =>
        Content.ValueKind is JsonValueKind.Object && Content.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString() ?? ""
            : "";
}
