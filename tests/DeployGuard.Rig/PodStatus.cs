using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Rig;

/// <summary>The status that a kubelet writes for a pod whose containers have all started, or have all ended.</summary>
internal static class PodStatus
{
    /// <param name="exitCode">Of all containers, once they have ended.</param>
    public static JsonObject Of(JsonElement spec, bool hasEnded, int exitCode)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        JsonObject Condition(string type) =>
            new()
            {
                ["type"] = type,
                ["status"] = hasEnded ? "False" : "True",
                ["lastTransitionTime"] = now,
            };
        var state = hasEnded
            ? new JsonObject
            {
                ["terminated"] = new JsonObject
                {
                    ["exitCode"] = exitCode,
                    ["startedAt"] = now,
                    ["finishedAt"] = now,
                },
            }
            : new JsonObject { ["running"] = new JsonObject { ["startedAt"] = now } };
        return new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["phase"] =
                    !hasEnded ? "Running"
                    : exitCode == 0 ? "Succeeded"
                    : "Failed",
                ["conditions"] = new JsonArray(Condition("Ready"), Condition("ContainersReady")),
                ["containerStatuses"] = new JsonArray([
                    .. spec.GetProperty("containers")
                        .EnumerateArray()
                        .Select(c =>
                            (JsonNode)
                                new JsonObject
                                {
                                    ["name"] = c.GetProperty("name").GetString(),
                                    ["image"] = c.GetProperty("image").GetString(),
                                    ["imageID"] = "",
                                    // Kubelets report resources from 1.27 on; a pod without them cannot be resized.
                                    ["resources"] = c.TryGetProperty("resources", out var resources) ? JsonObject.Create(resources) : [],
                                    ["ready"] = !hasEnded,
                                    ["restartCount"] = 0,
                                    ["state"] = state.DeepClone(),
                                }
                        ),
                ]),
            },
        };
    }
}
