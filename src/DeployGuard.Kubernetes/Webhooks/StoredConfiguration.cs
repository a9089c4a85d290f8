using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>A webhook configuration as stored in the API server.</summary>
internal sealed record StoredConfiguration(string Uid, string Version, bool GateIsOpen, JsonArray Entries)
{
    public static StoredConfiguration Read(JsonElement stored)
    {
        var metadata = stored.GetProperty("metadata");
        var gate =
            metadata.TryGetProperty("annotations", out var annotations)
            && annotations.TryGetProperty(ClusterOptions.GateAnnotation, out var value)
                ? value.GetString()
                : null;
        return new StoredConfiguration(
            metadata.GetProperty("uid").GetString() ?? "",
            metadata.GetProperty("resourceVersion").GetString() ?? "",
            gate == "open",
            stored.TryGetProperty("webhooks", out var webhooks) && JsonNode.Parse(webhooks.GetRawText()) is JsonArray entries ? entries : []
        );
    }

    /// <summary>The order does not matter: the API server has its own.</summary>
    public bool Holds(JsonArray wanted) => Entries.Count == wanted.Count && wanted.All(w => JsonNode.DeepEquals(Find(w), w));

    /// <summary>The differences, for messages.</summary>
    public string Differences(JsonArray wanted)
    {
        var missing = wanted.Where(w => Find(w) is null).Select(w => $"{(string?)w?["name"]} is missing");
        var foreign = Entries
            .Where(c => !wanted.Any(w => (string?)w?["name"] == (string?)c?["name"]))
            .Select(c => $"{(string?)c?["name"]} is not ours");
        var altered = wanted
            .Select(w => (Wanted: w, Found: Find(w)))
            .Where(p => p.Found is not null && !JsonNode.DeepEquals(p.Found, p.Wanted))
            .Select(p => $"{(string?)p.Wanted?["name"]} has other {string.Join(", ", Fields(p.Wanted, p.Found))}");
        return string.Join("; ", missing.Concat(foreign).Concat(altered));
    }

    private static IEnumerable<string> Fields(JsonNode? wanted, JsonNode? found) =>
        wanted is JsonObject a && found is JsonObject b
            ? a.Select(f => f.Key)
                .Union(b.Select(f => f.Key))
                .Where(key => !JsonNode.DeepEquals(a[key], b[key]))
                .Order(StringComparer.Ordinal)
            : [];

    private JsonNode? Find(JsonNode? wanted) => Entries.FirstOrDefault(c => (string?)c?["name"] == (string?)wanted?["name"]);
}
