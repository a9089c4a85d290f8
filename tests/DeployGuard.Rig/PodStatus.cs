using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Rig;

/// <summary>The status that a kubelet writes for a pod whose containers have all started, or have all succeeded.</summary>
internal static class PodStatus
{
    public static JsonObject Of(JsonElement spec, bool hasEnded)
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
                    ["exitCode"] = 0,
                    ["startedAt"] = now,
                    ["finishedAt"] = now,
                },
            }
            : new JsonObject { ["running"] = new JsonObject { ["startedAt"] = now } };
        return new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["phase"] = hasEnded ? "Succeeded" : "Running",
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
