using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>What changed between two templates, short enough for an approver to read on a terminal.</summary>
public static class TemplateDiff
{
    private const int MostLines = 20;
    private const int LongestValue = 60;

    /// <summary>It is worked out while the API server waits for an answer; a call that takes too long may pass.</summary>
    private const int LargestTemplate = 1024 * 1024;

    /// <summary>
    /// Lines <c>spec.containers[0].env[1].value: a -> b</c>, in the order of the paths, what runs before what only names it; the last says how
    /// many were left out.
    /// </summary>
    /// <param name="before">Null where there was nothing before: everything is new then.</param>
    /// <param name="after">Null where only its hash is known: no lines.</param>
    public static IReadOnlyList<string> Between(CanonicalTemplate? before, CanonicalTemplate? after)
    {
        if (after is null)
        {
            return [];
        }

        if (after.Json.Length + (before?.Json.Length ?? 0) > LargestTemplate)
        {
            return [$"the pod template is too large to be compared here: {after.Json.Length / 1024} KiB"];
        }

        using var old = JsonDocument.Parse(before?.Json ?? "{}"u8.ToArray());
        using var current = JsonDocument.Parse(after.Json);
        using var oldClaims = JsonDocument.Parse(before is { Claims.IsEmpty: false } ? before.Claims : "[]"u8.ToArray());
        using var claims = JsonDocument.Parse(after.Claims.IsEmpty ? "[]"u8.ToArray() : after.Claims);
        var lines = Compare("", old.RootElement, current.RootElement)
            .Concat(Compare("volumeClaimTemplates", oldClaims.RootElement, claims.RootElement)).Take(1000).ToList();
        return lines.Count <= MostLines ? lines : [.. lines.Take(MostLines), $"... and {lines.Count - MostLines} more"];
    }

    private static IEnumerable<string> Compare(string path, JsonElement? before, JsonElement? after) => (before, after) switch
    {
        ({ ValueKind: JsonValueKind.Object } b, { ValueKind: JsonValueKind.Object } a) => CompareObjects(path, b, a),
        ({ ValueKind: JsonValueKind.Array } b, { ValueKind: JsonValueKind.Array } a) => CompareLists(path, b, a),
        (null, { ValueKind: JsonValueKind.Object } a) when a.EnumerateObject().Any() => CompareObjects(path, null, a),
        (null, { ValueKind: JsonValueKind.Array } a) when a.GetArrayLength() > 0 => CompareLists(path, null, a),
        ({ } b, { } a) when JsonElement.DeepEquals(b, a) => [],
        _ => [$"{path}: {Show(before)} -> {Show(after)}"],
    };

    private static IEnumerable<string> CompareObjects(string path, JsonElement? before, JsonElement after)
    {
        var names = (before?.EnumerateObject() ?? default).Concat(after.EnumerateObject()).Select(p => p.Name).Distinct()
            // Twenty labels must not hide another command.
            .OrderBy(name => path.Length == 0 && name != "spec").ThenBy(name => name, StringComparer.Ordinal);
        return names.SelectMany(name => Compare(path.Length == 0 ? name : $"{path}.{name}", Member(before, name), Member(after, name)));
    }

    private static IEnumerable<string> CompareLists(string path, JsonElement? before, JsonElement after)
    {
        var (old, current) = (before?.GetArrayLength() ?? 0, after.GetArrayLength());
        return Enumerable.Range(0, Math.Max(old, current)).SelectMany(i =>
            Compare($"{path}[{i}]", i < old ? before?[i] : null, i < current ? after[i] : null));
    }

    private static JsonElement? Member(JsonElement? owner, string name) => owner?.TryGetProperty(name, out var value) is true ? value : null;

    private static string Show(JsonElement? value)
    {
        if (value is not { } present)
        {
            return "(absent)";
        }

        var text = present.ValueKind is JsonValueKind.String ? present.GetString() ?? "" : present.GetRawText();
        return text.Length > LongestValue ? string.Concat(text.AsSpan(0, LongestValue), "...") : text;
    }
}
