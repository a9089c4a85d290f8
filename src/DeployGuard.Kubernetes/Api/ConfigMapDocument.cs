using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Api;

/// <summary>A ConfigMap of DeployGuard in its wire form, to be written by <see cref="CompareAndSwap"/>.</summary>
internal static class ConfigMapDocument
{
    /// <param name="stored">The ConfigMap that was read; null where there is none.</param>
    /// <param name="about">Tells people who find it what it is for; empty for no such annotation.</param>
    public static string Of(string @namespace, string name, JsonElement? stored, JsonObject data, string about = "")
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = @namespace };
        if (about.Length > 0)
        {
            metadata["annotations"] = new JsonObject { ["deployguard.io/about"] = about };
        }

        JsonWriting.SetOrRemove(metadata, "resourceVersion", stored?.GetProperty("metadata").GetProperty("resourceVersion").GetString());
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = metadata,
            ["data"] = data,
        }.ToJsonString();
    }

    /// <summary>The text under a key; null where there is none, or somebody else made something different of the object.</summary>
    public static string? TextOf(JsonElement? configMap, string key) => configMap?.Member("data")?.Text(key);
}
