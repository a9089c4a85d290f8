using System.Text.Json;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>A list that a replica keeps as JSON in the ConfigMap <c>&lt;fullname&gt;-controllers</c>.</summary>
internal static class SeenList
{
    /// <returns>Empty where there is none, or DeployGuard did not write it.</returns>
    public static IReadOnlyList<T> Read<T>(JsonElement? configMap, string key, Func<JsonElement, T> read)
    {
        try
        {
            using var list = JsonDocument.Parse(ConfigMapDocument.TextOf(configMap, key) ?? "[]");
            return [.. list.RootElement.EnumerateArray().Select(read)];
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return [];
        }
    }
}
