using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>Where the status of a kind says how many pods there are, and whether they are all that was asked for.</summary>
public sealed record KindStatus
{
    /// <summary>Fields with the ready pods; the first that is there counts.</summary>
    public IReadOnlyList<string> ReadyPods { get; init; } = ["readyReplicas"];

    /// <summary>The field with the pods of the newest revision.</summary>
    public string UpdatedPods { get; init; } = "updatedReplicas";

    /// <summary>
    /// Whether a status, which its controller wrote after the newest spec, says that so many desired pods run it. A custom kind is complete
    /// if it counts its pods as a Deployment does; one that does not never is, and is no way back.
    /// </summary>
    public Func<JsonElement, int, bool> IsComplete { get; init; } = AllOfReplicas;

    /// <summary>Every desired pod is updated and available, and no other is left.</summary>
    public static bool AllOfReplicas(JsonElement status, int desired) =>
        desired > 0 && All(status, desired, "replicas", "updatedReplicas", "availableReplicas");

    public static bool All(JsonElement status, long expected, params ReadOnlySpan<string> numbers)
    {
        foreach (var number in numbers)
        {
            if (Number(status, number) != expected)
            {
                return false;
            }
        }

        return true;
    }

    public static bool HasCondition(JsonElement status, string type) =>
        Conditions(status).Any(c => c.GetProperty("type").ValueEquals(type) && c.GetProperty("status").ValueEquals("True"));

    public static JsonElement.ArrayEnumerator Conditions(JsonElement status) =>
        status.ValueKind is JsonValueKind.Object && status.TryGetProperty("conditions", out var conditions)
        && conditions.ValueKind is JsonValueKind.Array
            ? conditions.EnumerateArray()
            : default;

    /// <summary>A whole number of an object; null where it is not there.</summary>
    public static long? Number(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value)
        && value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : null;
}
