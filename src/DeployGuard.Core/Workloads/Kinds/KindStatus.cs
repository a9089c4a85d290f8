using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The status fields of a kind that count pods, and its condition for a complete rollout.</summary>
public sealed record KindStatus
{
    /// <summary>Fields with the number of ready pods; the first that is present counts.</summary>
    public IReadOnlyList<string> ReadyPods { get; init; } = ["readyReplicas"];

    /// <summary>The field with the number of pods on the newest revision.</summary>
    public string UpdatedPods { get; init; } = "updatedReplicas";

    /// <summary>
    /// Whether an up-to-date status shows that all desired pods run the newest revision. A custom kind needs the same counters as a
    /// Deployment. Without them it never completes, so a rollback to it is not recognized.
    /// </summary>
    public Func<JsonElement, int, bool> IsComplete { get; init; } = AllOfReplicas;

    /// <summary>Every desired pod is updated and available, and no old pod is left.</summary>
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
        status.ValueKind is JsonValueKind.Object
        && status.TryGetProperty("conditions", out var conditions)
        && conditions.ValueKind is JsonValueKind.Array
            ? conditions.EnumerateArray()
            : default;

    /// <summary>A whole number in an object; null if it is absent.</summary>
    public static long? Number(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object
        && owner.TryGetProperty(name, out var value)
        && value.ValueKind is JsonValueKind.Number
        && value.TryGetInt64(out var number)
            ? number
            : null;
}
