using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>A machine that made objects on behalf of others, as the ConfigMap <c>&lt;fullname&gt;-controllers</c> keeps it.</summary>
/// <param name="User">Its authenticated user name.</param>
/// <param name="Kinds">Kinds of what it made, sorted.</param>
/// <param name="Trusted">It is let through for these kinds.</param>
/// <param name="Verified">The owner that one of these named was seen to exist. Of entries that an older version wrote it is not known.</param>
public sealed record SeenController(string User, IReadOnlyList<string> Kinds, bool Trusted, bool Verified)
{
    /// <summary>The key under which the ConfigMap holds the list.</summary>
    public const string Key = "seen";

    private const string AccountPrefix = "system:serviceaccount:";

    /// <summary>The namespace of its service account; null where it is none.</summary>
    public string? Namespace => User.StartsWith(AccountPrefix, StringComparison.Ordinal) ? User[AccountPrefix.Length..].Split(':')[0] : null;

    /// <summary>Of a ConfigMap; empty where there is none. What somebody else made of it counts for nothing.</summary>
    public static IReadOnlyList<SeenController> ReadAll(JsonElement? configMap) => SeenList.Read(configMap, Key, Read);

    public static string WriteAll(IEnumerable<SeenController> all) => new JsonArray([.. all.Select(s => (JsonNode)new JsonObject
    {
        ["user"] = s.User, ["kinds"] = new JsonArray([.. s.Kinds.Select(k => JsonValue.Create(k))]), ["trusted"] = s.Trusted, ["verified"] = s.Verified,
    })]).ToJsonString();

    private static SeenController Read(JsonElement entry) => new(
        entry.GetProperty("user").GetString() ?? "",
        [.. entry.GetProperty("kinds").EnumerateArray().Select(k => k.GetString() ?? "")],
        entry.GetProperty("trusted").GetBoolean(),
        entry.TryGetProperty("verified", out var verified) && verified.GetBoolean());
}
