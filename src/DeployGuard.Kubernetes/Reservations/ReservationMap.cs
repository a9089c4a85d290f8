using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Reservations;

/// <summary>A ConfigMap with a list of reservations, which replicas change by compare-and-swap.</summary>
internal static class ReservationMap
{
    private const string Key = "places";

    private static readonly JsonSerializerOptions s_options = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <param name="about">Tells people who find the ConfigMap what it is for.</param>
    /// <param name="stored">The ConfigMap that was read; null where there is none.</param>
    public static string Document<T>(string name, string @namespace, string about, JsonElement? stored, IEnumerable<T> places) =>
        ConfigMapDocument.Of(@namespace, name, stored, new JsonObject { [Key] = JsonSerializer.Serialize(places, s_options) }, about);

    /// <returns>Empty for an object that DeployGuard did not write; it is overwritten.</returns>
    public static IReadOnlyList<T> Read<T>(JsonElement? stored)
        where T : class
    {
        try
        {
            return
                JsonSerializer.Deserialize<List<T?>>(ConfigMapDocument.TextOf(stored, Key) ?? "[]", s_options) is { } places
                && !places.Contains(default)
                ? [.. places.OfType<T>()]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
