using System.Text.Json;

namespace DeployGuard.Core.Comparison;

/// <summary>Values of canonical JSON: when two are the same, and how they read.</summary>
internal static class JsonValues
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    /// <summary>By what is hashed: 1 and 1.0 are two.</summary>
    public static bool AreEqual(JsonElement a, JsonElement b) => a.ValueKind == b.ValueKind && a.ValueKind switch
    {
        JsonValueKind.String => a.ValueEquals(b.GetString()),
        _ => a.GetRawText() == b.GetRawText(),
    };

    public static bool IsScalar(JsonElement value) => value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    /// <param name="other">What stands on the other side: texts are quoted where it is none, and "true" must not read as true.</param>
    public static IReadOnlyList<string> Lines(JsonElement value, JsonElement? other) => value.ValueKind switch
    {
        JsonValueKind.String => OfText(value.GetString() ?? "", other is { ValueKind: not JsonValueKind.String }),
        JsonValueKind.Array when value.EnumerateArray().All(IsScalar) && value.GetArrayLength() > 0 => [.. value.EnumerateArray().SelectMany(Item)],
        _ => VisibleText.Lines(JsonSerializer.Serialize(value, s_indented)),
    };

    private static IReadOnlyList<string> OfText(string text, bool quoted) => quoted || text.Length == 0 ? [$"\"{VisibleText.Line(text)}\""] : VisibleText.Lines(text);

    /// <summary>A star begins an item, so that a line break in one cannot pass for the next.</summary>
    private static IEnumerable<string> Item(JsonElement item) =>
        (item.ValueKind is JsonValueKind.String ? OfText(item.GetString() ?? "", false) : VisibleText.Lines(item.GetRawText())).Select((line, i) => $"{(i == 0 ? "*" : " ")} {line}");
}
