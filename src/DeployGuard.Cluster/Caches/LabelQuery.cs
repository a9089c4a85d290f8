using System.Text.Json;

namespace DeployGuard.Cluster.Caches;

/// <summary>The label selector of a workload as the query parameter <c>labelSelector</c> takes it.</summary>
internal static class LabelQuery
{
    /// <summary>Of <c>spec.selector</c>: matchLabels and matchExpressions, or a plain map as ReplicationControllers have it. Empty where there is none.</summary>
    public static string Of(JsonElement spec)
    {
        if (spec.ValueKind is not JsonValueKind.Object || !spec.TryGetProperty("selector", out var selector) || selector.ValueKind is not JsonValueKind.Object)
        {
            return "";
        }

        var isPlain = !selector.TryGetProperty("matchLabels", out var labels) & !selector.TryGetProperty("matchExpressions", out var expressions);
        return string.Join(',', Equal(isPlain ? selector : labels).Concat(Expressed(expressions)));
    }

    private static IEnumerable<string> Equal(JsonElement labels) =>
        labels.ValueKind is JsonValueKind.Object ? labels.EnumerateObject().Where(l => l.Value.ValueKind is JsonValueKind.String).Select(l => $"{l.Name}={l.Value.GetString()}") : [];

    private static IEnumerable<string> Expressed(JsonElement expressions) =>
        expressions.ValueKind is JsonValueKind.Array ? expressions.EnumerateArray().Select(Expression) : [];

    private static string Expression(JsonElement expression)
    {
        var key = expression.GetProperty("key").GetString() ?? "";
        var values = expression.TryGetProperty("values", out var list) && list.ValueKind is JsonValueKind.Array ? string.Join(',', list.EnumerateArray().Select(v => v.GetString())) : "";
        return expression.GetProperty("operator").GetString() switch
        {
            "In" => $"{key} in ({values})",
            "NotIn" => $"{key} notin ({values})",
            "Exists" => key,
            "DoesNotExist" => $"!{key}",
            var other => throw new InvalidOperationException($"unknown operator {other} in a selector that the API server took"),
        };
    }
}
