using System.Text.Json;

namespace DeployGuard.Core.Comparison;

/// <summary>A list item on both sides, or on one side only.</summary>
/// <param name="Label">Names the item in a path: <c>web</c> in <c>containers[web]</c>.</param>
internal sealed record ItemPair(string Label, JsonElement? Before, JsonElement? After);

/// <summary>Matches the items of two lists by their merge key if the list has one, else by index.</summary>
internal static class ListMatching
{
    /// <param name="field">Name of the list.</param>
    public static IReadOnlyList<ItemPair> Match(string field, IReadOnlyList<JsonElement> before, IReadOnlyList<JsonElement> after) =>
        Keys(field, before) is { } old && Keys(field, after) is { } current ? ByKey(before, old, after, current) : ByIndex(before, after);

    /// <summary>The keys of all items; null if one has none, or two are equal.</summary>
    public static IReadOnlyList<string>? Keys(string field, IReadOnlyList<JsonElement> items)
    {
        var keys = items.Select(i => KeyOf(field, i)).OfType<string>().ToList();
        return keys.Count == items.Count && keys.Distinct().Count() == keys.Count ? keys : null;
    }

    private static IReadOnlyList<ItemPair> ByKey(
        IReadOnlyList<JsonElement> before,
        IReadOnlyList<string> old,
        IReadOnlyList<JsonElement> after,
        IReadOnlyList<string> current
    )
    {
        var was = old.Select((key, i) => (key, i)).ToDictionary(k => k.key, k => before[k.i]);
        var stays = current.ToHashSet();
        return
        [
            .. current.Select((key, i) => new ItemPair(key, was.TryGetValue(key, out var item) ? item : null, after[i])),
            .. old.Where(key => !stays.Contains(key)).Select(key => new ItemPair(key, was[key], null)),
        ];
    }

    /// <summary>The common head and tail are skipped. The items between are matched by index.</summary>
    private static IReadOnlyList<ItemPair> ByIndex(IReadOnlyList<JsonElement> before, IReadOnlyList<JsonElement> after)
    {
        var shorter = Math.Min(before.Count, after.Count);
        var head = Enumerable.Range(0, shorter).TakeWhile(i => JsonValues.AreEqual(before[i], after[i])).Count();
        var tail = Enumerable
            .Range(0, shorter - head)
            .TakeWhile(i => JsonValues.AreEqual(before[before.Count - 1 - i], after[after.Count - 1 - i]))
            .Count();
        var (old, current) = (before.Count - head - tail, after.Count - head - tail);
        return
        [
            .. Enumerable
                .Range(0, Math.Max(old, current))
                .Select(i => new ItemPair($"{head + i}", i < old ? before[head + i] : null, i < current ? after[head + i] : null)),
        ];
    }

    private static string? KeyOf(string field, JsonElement item) =>
        item.ValueKind is not JsonValueKind.Object
            ? null
            : field switch
            {
                "volumeMounts" => Text(item, "mountPath"),
                "volumeDevices" => Text(item, "devicePath"),
                "ports" => Text(item, "containerPort") is { } port ? $"{port}/{Text(item, "protocol") ?? "TCP"}" : null,
                "hostAliases" => Text(item, "ip"),
                "items" => Text(item, "path"),
                "readinessGates" => Text(item, "conditionType"),
                "volumeClaimTemplates" => item.TryGetProperty("metadata", out var metadata) && metadata.ValueKind is JsonValueKind.Object
                    ? Text(metadata, "name")
                    : null,
                _ => Text(item, "name"),
            };

    private static string? Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number
            ? value.ToString()
            : null;
}
