using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Comparison;

/// <summary>Compares and formats values of canonical JSON.</summary>
internal static class JsonValues
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, MaxDepth = CanonicalJson.MaxDepth };

    /// <summary>Compares the hashed text, so 1 and 1.0 differ.</summary>
    public static bool AreEqual(JsonElement a, JsonElement b) =>
        a.ValueKind == b.ValueKind
        && a.ValueKind switch
        {
            JsonValueKind.String => a.ValueEquals(b.GetString()),
            _ => a.GetRawText() == b.GetRawText(),
        };

    public static bool IsScalar(JsonElement value) => value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array);

    /// <param name="other">
    /// The value on the other side. If it is not a string, this string is quoted, so that "true" does not look like true.
    /// </param>
    public static IReadOnlyList<string> Lines(JsonElement value, JsonElement? other) =>
        value.ValueKind switch
        {
            JsonValueKind.String => OfText(value.GetString() ?? "", other is { ValueKind: not JsonValueKind.String }),
            JsonValueKind.Array when value.EnumerateArray().All(IsScalar) && value.GetArrayLength() > 0 =>
            [
                .. value.EnumerateArray().SelectMany(Item),
            ],
            _ => VisibleText.Lines(JsonSerializer.Serialize(value, s_indented)),
        };

    private static IReadOnlyList<string> OfText(string text, bool quoted) =>
        quoted || text.Length == 0 ? [$"\"{VisibleText.Line(text)}\""] : VisibleText.Lines(text);

    /// <summary>Each item begins with a star, so that a line break within an item does not look like the next item.</summary>
    private static IEnumerable<string> Item(JsonElement item) =>
        (item.ValueKind is JsonValueKind.String ? OfText(item.GetString() ?? "", false) : VisibleText.Lines(item.GetRawText())).Select(
            (line, i) => $"{(i == 0 ? "*" : " ")} {line}"
        );
}
