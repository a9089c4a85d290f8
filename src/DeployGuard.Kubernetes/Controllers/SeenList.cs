using System.Text.Json;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>A list that a replica keeps as JSON in the ConfigMap <c>&lt;fullname&gt;-controllers</c>.</summary>
internal static class SeenList
{
    /// <returns>Empty where there is none. What somebody else made of it counts for nothing.</returns>
    public static IReadOnlyList<T> Read<T>(JsonElement? configMap, string key, Func<JsonElement, T> read)
    {
        if (configMap is not { } found || !found.TryGetProperty("data", out var data) || !data.TryGetProperty(key, out var text))
        {
            return [];
        }

        try
        {
            using var list = JsonDocument.Parse(text.GetString() ?? "[]");
            return [.. list.RootElement.EnumerateArray().Select(read)];
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return [];
        }
    }
}
