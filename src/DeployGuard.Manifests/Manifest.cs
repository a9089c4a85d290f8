using System.Text.Json;

namespace DeployGuard.Manifests;

/// <summary>One object of a YAML or JSON file.</summary>
public sealed record Manifest(ManifestPlace Place, JsonElement Content)
{
    /// <summary>File and line, for messages: <c>policy.yaml:12</c>.</summary>
    public string Source => Place.ToString();

    public string Kind => Text("kind");

    public string ApiVersion => Text("apiVersion");

    private string Text(string name) =>
        Content.ValueKind is JsonValueKind.Object && Content.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString() ?? ""
            : "";
}
