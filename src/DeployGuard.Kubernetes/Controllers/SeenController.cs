using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>A service account that created objects for an owner, as the ConfigMap <c>&lt;fullname&gt;-controllers</c> keeps it.</summary>
/// <param name="User">Its authenticated user name.</param>
/// <param name="Kinds">Kinds of the objects, sorted.</param>
/// <param name="Trusted">It is trusted for these kinds.</param>
/// <param name="Verified">The owner that one of the objects named exists. False in entries of an older version.</param>
public sealed record SeenController(string User, IReadOnlyList<string> Kinds, bool Trusted, bool Verified)
{
    /// <summary>The key under which the ConfigMap holds the list.</summary>
    public const string Key = "seen";

    private const string AccountPrefix = "system:serviceaccount:";

    /// <summary>The namespace of its service account; null for another user.</summary>
    public string? Namespace =>
        User.StartsWith(AccountPrefix, StringComparison.Ordinal) ? User[AccountPrefix.Length..].Split(':')[0] : null;

    /// <summary>From a ConfigMap; empty if there is none, or DeployGuard did not write it.</summary>
    public static IReadOnlyList<SeenController> ReadAll(JsonElement? configMap) => SeenList.Read(configMap, Key, Read);

    public static string WriteAll(IEnumerable<SeenController> all) =>
        new JsonArray([
            .. all.Select(s =>
                (JsonNode)
                    new JsonObject
                    {
                        ["user"] = s.User,
                        ["kinds"] = new JsonArray([.. s.Kinds.Select(k => JsonValue.Create(k))]),
                        ["trusted"] = s.Trusted,
                        ["verified"] = s.Verified,
                    }
            ),
        ]).ToJsonString();

    private static SeenController Read(JsonElement entry) =>
        new(
            entry.GetProperty("user").GetString() ?? "",
            [.. entry.GetProperty("kinds").EnumerateArray().Select(k => k.GetString() ?? "")],
            entry.GetProperty("trusted").GetBoolean(),
            entry.TryGetProperty("verified", out var verified) && verified.GetBoolean()
        );
}
