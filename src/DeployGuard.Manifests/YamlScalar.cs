using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace DeployGuard.Manifests;

/// <summary>
/// Reads YAML scalars as kubectl does, in YAML 1.1: an unquoted <c>n</c> or <c>on</c> is a boolean. Another reading would evaluate a
/// different object from the applied one.
/// </summary>
internal static partial class YamlScalar
{
    private const string Tag = "tag:yaml.org,2002:";

    /// <param name="isPlain">It is neither quoted nor a block.</param>
    /// <param name="tag">The tag that the parser resolved; empty for none.</param>
    /// <exception cref="FormatException">The value does not match its tag.</exception>
    public static JsonNode? Read(string text, bool isPlain, string tag) =>
        tag switch
        {
            "" => isPlain ? Resolve(text) : JsonValue.Create(text),
            $"{Tag}null" => Tagged(text, "null", JsonValueKind.Null),
            $"{Tag}bool" => Tagged(text, "bool", JsonValueKind.True, JsonValueKind.False),
            $"{Tag}int" or $"{Tag}float" => Tagged(text, tag[Tag.Length..], JsonValueKind.Number),
            $"{Tag}binary" => JsonValue.Create(Encoding.UTF8.GetString(Convert.FromBase64String(text))),
            _ => JsonValue.Create(text),
        };

    private static JsonValue? Resolve(string text) =>
        text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "y" or "Y" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" or "true" or "True" or "TRUE" => JsonValue.Create(true),
            "n" or "N" or "no" or "No" or "NO" or "off" or "Off" or "OFF" or "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ => Number(text) ?? JsonValue.Create(text),
        };

    private static JsonValue? Tagged(string text, string type, params ReadOnlySpan<JsonValueKind> expected)
    {
        var value = Resolve(text);
        return expected.Contains(value?.GetValueKind() ?? JsonValueKind.Null)
            ? value
            : throw new FormatException($"{text} does not match its tag {type}");
    }

    private static JsonValue? Number(string text)
    {
        var digits = text.Replace("_", "", StringComparison.Ordinal);
        if (Decimal().IsMatch(digits) && long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            return JsonValue.Create(whole);
        }

        if (OtherBase().Match(digits) is { Success: true } match)
        {
            var sign = match.Groups[1].Value == "-" ? -1 : 1;
            return JsonValue.Create(
                sign
                    * Convert.ToInt64(
                        match.Groups[3].Value,
                        match.Groups[2].Value switch
                        {
                            "0x" => 16,
                            "0b" => 2,
                            _ => 8,
                        }
                    )
            );
        }

        return
            Float().IsMatch(digits)
            && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            && double.IsFinite(real)
            ? JsonValue.Create(real)
            : null;
    }

    [GeneratedRegex("^[-+]?(0|[1-9][0-9]*)$")]
    private static partial Regex Decimal();

    [GeneratedRegex("^([-+]?)(0x(?=[0-9a-fA-F]{1,15}$)|0b(?=[01]{1,62}$)|0o?(?=[0-7]{1,20}$))([0-9a-fA-F]+)$")]
    private static partial Regex OtherBase();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex Float();
}
