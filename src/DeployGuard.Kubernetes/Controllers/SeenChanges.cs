using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>
/// A service account that changed workloads of other namespaces, as the ConfigMap <c>&lt;fullname&gt;-controllers</c> keeps it.
/// </summary>
/// <param name="User">Its authenticated user name.</param>
/// <param name="Kind">The kind of the workloads.</param>
/// <param name="Namespaces">Their namespaces, sorted, at most <see cref="MaxNamespaces"/>.</param>
/// <param name="Refused">Some of the changes were refused.</param>
public sealed record SeenChanges(string User, string Kind, IReadOnlyList<string> Namespaces, bool Refused)
{
    /// <summary>The key under which the ConfigMap holds the list.</summary>
    public const string Key = "changes";

    public const int MaxNamespaces = 10;

    /// <summary>From a ConfigMap; empty if there is none, or DeployGuard did not write it.</summary>
    public static IReadOnlyList<SeenChanges> ReadAll(JsonElement? configMap) => SeenList.Read(configMap, Key, Read);

    public static string WriteAll(IEnumerable<SeenChanges> all) =>
        new JsonArray([
            .. all.Select(s =>
                (JsonNode)
                    new JsonObject
                    {
                        ["user"] = s.User,
                        ["kind"] = s.Kind,
                        ["namespaces"] = new JsonArray([.. s.Namespaces.Select(n => JsonValue.Create(n))]),
                        ["refused"] = s.Refused,
                    }
            ),
        ]).ToJsonString();

    private static SeenChanges Read(JsonElement entry) =>
        new(
            entry.GetProperty("user").GetString() ?? "",
            entry.GetProperty("kind").GetString() ?? "",
            [.. entry.GetProperty("namespaces").EnumerateArray().Select(n => n.GetString() ?? "")],
            entry.GetProperty("refused").GetBoolean()
        );
}
