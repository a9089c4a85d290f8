using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Reservations;

/// <summary>A ConfigMap of ours with a list of places that replicas take by compare-and-swap.</summary>
internal static class ReservationMap
{
    private const string Key = "places";

    private static readonly JsonSerializerOptions s_options = new(JsonSerializerDefaults.Web) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <param name="about">Says to whoever finds it what it is.</param>
    /// <param name="stored">What is there now; null if nothing is.</param>
    public static string Document<T>(string name, string @namespace, string about, JsonElement? stored, IEnumerable<T> places)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = @namespace, ["annotations"] = new JsonObject { ["deployguard.io/about"] = about } };
        if (stored is { } existing)
        {
            // A PUT that carries the version which was read fails if anybody wrote in between.
            metadata["resourceVersion"] = existing.GetProperty("metadata").GetProperty("resourceVersion").GetString();
        }

        var data = new JsonObject { [Key] = JsonSerializer.Serialize(places, s_options) };
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = data }.ToJsonString();
    }

    /// <summary>What somebody else made of the object counts for nothing, and is written over.</summary>
    public static IReadOnlyList<T> Read<T>(JsonElement? stored)
        where T : class
    {
        if (stored is not { } found || !found.TryGetProperty("data", out var data) || data.ValueKind is not JsonValueKind.Object || !data.TryGetProperty(Key, out var text))
        {
            return [];
        }

        try
        {
            return JsonSerializer.Deserialize<List<T?>>(text.GetString() ?? "[]", s_options) is { } places && !places.Contains(default) ? [.. places.OfType<T>()] : [];
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException)
        {
            return [];
        }
    }
}
