using System.Text.Json;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Reads members of objects that others write, such as a status: one that is missing or has another type counts as absent. Where that must
/// be an error, use <see cref="DeployGuard.Core.Workloads.Field"/>.
/// </summary>
internal static class JsonReading
{
    /// <summary>Null where the owner is no object, or has no such member.</summary>
    public static JsonElement? Member(this JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? value : null;

    /// <summary>Null where it is not a string.</summary>
    public static string? Text(this JsonElement owner, string name) =>
        owner.Member(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    /// <summary>Null where it is not a whole number.</summary>
    public static long? Number(this JsonElement owner, string name) =>
        owner.Member(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    /// <summary>Null where it is not an RFC 3339 time.</summary>
    public static DateTimeOffset? Time(this JsonElement owner, string name) =>
        owner.Member(name) is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out var time) ? time : null;

    public static bool IsTrue(this JsonElement owner, string name) => owner.Member(name) is { ValueKind: JsonValueKind.True };

    /// <summary>The items of a list; none where it is not a list.</summary>
    public static JsonElement.ArrayEnumerator Items(this JsonElement owner, string name) =>
        owner.Member(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : default;

    /// <summary>The members of an object of texts; empty where it is not an object.</summary>
    public static IReadOnlyDictionary<string, string> Texts(this JsonElement owner, string name) =>
        owner.Member(name) is { ValueKind: JsonValueKind.Object } map
            ? map.EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString() ?? "")
            : [];
}
