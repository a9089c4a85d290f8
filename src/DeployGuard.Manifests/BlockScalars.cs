using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DeployGuard.Manifests;

/// <summary>
/// Works around a fault of the YAML parser that published manifests meet: it rejects a block scalar (<c>|</c> or <c>></c>) whose first
/// lines contain only spaces, which kubectl accepts. The parser itself locates the block scalars, in a copy with empty blank lines. Then
/// the blank first lines are rewritten so that the parser accepts them. Other lines stay, so line numbers do not change.
/// </summary>
internal sealed partial class BlockScalars
{
    private readonly string _marker;

    private BlockScalars(string text, string marker) => (Text, _marker) = (text, marker);

    public string Text { get; }

    public static BlockScalars AsWritten(YamlPart part) => new(part.Text, "");

    /// <summary>
    /// Whether the parser's fault may be the cause. Texts with other line ends than a line feed are excluded, because the line count would
    /// differ.
    /// </summary>
    public static bool AreSuspect(YamlPart part) => Suspect().IsMatch(part.Text) && !OtherLineEnd().IsMatch(part.Text);

    /// <exception cref="YamlException">It is not YAML after the repair either.</exception>
    /// <exception cref="ManifestException">The blank lines are indented deeper than the text below them, which kubectl rejects.</exception>
    public static BlockScalars Repair(YamlPart part)
    {
        var lines = part.Text.Split('\n');
        var marker = UnusedIn(part.Text);
        var emptied = string.Join('\n', lines.Select(l => IsBlank(l) ? l.TrimStart(' ') : l));
        var parser = new Parser(new StringReader(emptied));
        while (parser.MoveNext())
        {
            if (parser.Current is Scalar { Style: ScalarStyle.Literal or ScalarStyle.Folded } scalar)
            {
                RepairFirstLines(part, lines, scalar, marker);
            }
        }

        return new BlockScalars(string.Join('\n', lines), marker);
    }

    /// <summary>The original content of a scalar.</summary>
    public string ContentOf(Scalar scalar) =>
        _marker.Length == 0 ? scalar.Value : scalar.Value.Replace(_marker, "", StringComparison.Ordinal);

    private static void RepairFirstLines(YamlPart part, string[] lines, Scalar scalar, string marker)
    {
        // Marks are 1-based, so this is the index of the header and the number of the next line. Tags may be on lines above it.
        var header = (int)scalar.Start.Line - 1;
        while (!Header().IsMatch(lines[header]) && header < lines.Length - 1)
        {
            header++;
        }

        var hasIndicator = Header().Match(lines[header]).Groups["indent"].Value.Any(char.IsAsciiDigit);
        var content = header + 1;
        while (content < lines.Length && IsBlank(lines[content]))
        {
            content++;
        }

        // A scalar without text gives no indentation to measure. With an explicit indentation, its blank lines are content.
        var indent =
            scalar.Value.Trim('\n', '\r').Length == 0
                ? (int?)null
                : IndentOf(lines[content]) - IndentOf(scalar.Value.TrimStart('\n', '\r'));
        for (var blank = header + 1; blank < content; blank++)
        {
            var spaces = IndentOf(lines[blank]);
            lines[blank] =
                spaces <= (indent ?? (hasIndicator ? 0 : int.MaxValue)) ? lines[blank][spaces..]
                : hasIndicator && indent is not null ? lines[blank].Insert(spaces, marker)
                : hasIndicator ? lines[blank]
                : throw new ManifestException(
                    $"{part.At(blank + 1)}: not YAML: {spaces} spaces on a blank line, above text that is indented by {indent}; "
                        + "empty the line"
                );
        }
    }

    private static bool IsBlank(string line) => IndentOf(line) is var spaces && line.AsSpan(spaces) is "" or "\r";

    private static int IndentOf(string line) => line.Length - line.TrimStart(' ').Length;

    /// <summary>A private-use character that the text does not contain.</summary>
    private static string UnusedIn(string text)
    {
        var marker = '\uE000';
        while (text.Contains(marker, StringComparison.Ordinal))
        {
            marker++;
        }

        return marker.ToString();
    }

    /// <summary>A possible block scalar header, followed by a line of spaces.</summary>
    [GeneratedRegex(@"(^|[ \t])[|>][-+0-9]*[ \t]*(#[^\n]*)?\r?\n\r?(\n\r?)* +\r?(\n|$)", RegexOptions.Multiline)]
    private static partial Regex Suspect();

    [GeneratedRegex(@"(^|[ \t])[|>](?<indent>[-+0-9]*)([ \t]+#.*)?[ \t]*\r?$")]
    private static partial Regex Header();

    [GeneratedRegex(@"\r(?!\n)|[\u0085\u2028\u2029]")]
    private static partial Regex OtherLineEnd();
}
