using System.Text.Json;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>The fields of the spec in which two versions of a policy differ, for the log: <c>approval.quorum</c>.</summary>
internal static class PolicyDifference
{
    private const int MaxFields = 20;

    /// <param name="before">Undefined or null for a new policy.</param>
    /// <param name="after">Undefined or null for a deleted one.</param>
    public static IReadOnlyList<string> Between(JsonElement before, JsonElement after) =>
        [.. Of(Spec(before), Spec(after), "").Order(StringComparer.Ordinal).Take(MaxFields)];

    /// <summary>Two levels: a block, and its fields.</summary>
    private static IEnumerable<string> Of(JsonElement before, JsonElement after, string path) =>
        Names(before)
            .Union(Names(after))
            .SelectMany(name =>
            {
                var (old, current) = (Member(before, name), Member(after, name));
                return old.ValueKind == current.ValueKind && JsonElement.DeepEquals(old, current) ? []
                    : path.Length == 0 && (old.ValueKind is JsonValueKind.Object || current.ValueKind is JsonValueKind.Object)
                        ? Of(old, current, name)
                    : [path.Length == 0 ? name : $"{path}.{name}"];
            });

    private static JsonElement Spec(JsonElement policy) => Member(policy, "spec");

    private static JsonElement Member(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? value : default;

    private static IEnumerable<string> Names(JsonElement owner) =>
        owner.ValueKind is JsonValueKind.Object ? owner.EnumerateObject().Select(m => m.Name) : [];
}
