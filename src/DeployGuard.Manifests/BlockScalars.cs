using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DeployGuard.Manifests;

/// <summary>
/// Works around the one fault of the parser that published manifests run into: it refuses a block scalar (<c>|</c> or <c>></c>) whose first
/// lines hold spaces alone, which kubectl takes. Where the block scalars are, the parser itself tells, of a text whose blank lines are
/// empty. Then the blank first lines are written so that it takes them. No other line is touched, so that line numbers stay.
/// </summary>
internal sealed partial class BlockScalars
{
    private readonly string _marker;

    private BlockScalars(string text, string marker) => (Text, _marker) = (text, marker);

    public string Text { get; }

    public static BlockScalars AsWritten(YamlPart part) => new(part.Text, "");

    /// <summary>
    /// Whether the fault may be the parser's. Lines that end otherwise than at a line feed would be counted differently here and there.
    /// </summary>
    public static bool AreSuspect(YamlPart part) => Suspect().IsMatch(part.Text) && !OtherLineEnd().IsMatch(part.Text);

    /// <exception cref="YamlException">It is no YAML either way.</exception>
    /// <exception cref="ManifestException">The blank lines are deeper than the text below them, which kubectl does not take.</exception>
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

    /// <summary>The content of a scalar, as it is written.</summary>
    public string ContentOf(Scalar scalar) => _marker.Length == 0 ? scalar.Value : scalar.Value.Replace(_marker, "", StringComparison.Ordinal);

    private static void RepairFirstLines(YamlPart part, string[] lines, Scalar scalar, string marker)
    {
        // Marks count from 1, so that this is the header's own index and the next line's number. Tags may stand on lines above it.
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

        // A scalar without any text has no first line to measure by; its blank lines are content where the indentation is written down.
        var indent = scalar.Value.Trim('\n', '\r').Length == 0 ? (int?)null
            : IndentOf(lines[content]) - IndentOf(scalar.Value.TrimStart('\n', '\r'));
        for (var blank = header + 1; blank < content; blank++)
        {
            var spaces = IndentOf(lines[blank]);
            lines[blank] = spaces <= (indent ?? (hasIndicator ? 0 : int.MaxValue)) ? lines[blank][spaces..]
                : hasIndicator && indent is not null ? lines[blank].Insert(spaces, marker)
                : hasIndicator ? lines[blank]
                : throw new ManifestException(
                    $"{part.At(blank + 1)}: not YAML: {spaces} spaces on a blank line, above text that is indented by {indent}; empty the line");
        }
    }

    private static bool IsBlank(string line) => IndentOf(line) is var spaces && line.AsSpan(spaces) is "" or "\r";

    private static int IndentOf(string line) => line.Length - line.TrimStart(' ').Length;

    /// <summary>A character for private use, which no text has that does not mean it; the next one where one does.</summary>
    private static string UnusedIn(string text)
    {
        var marker = '\uE000';
        while (text.Contains(marker, StringComparison.Ordinal))
        {
            marker++;
        }

        return marker.ToString();
    }

    /// <summary>What may be the head of a block scalar, with a line of spaces below it.</summary>
    [GeneratedRegex(@"(^|[ \t])[|>][-+0-9]*[ \t]*(#[^\n]*)?\r?\n\r?(\n\r?)* +\r?(\n|$)", RegexOptions.Multiline)]
    private static partial Regex Suspect();

    [GeneratedRegex(@"(^|[ \t])[|>](?<indent>[-+0-9]*)([ \t]+#.*)?[ \t]*\r?$")]
    private static partial Regex Header();

    [GeneratedRegex(@"\r(?!\n)|[\u0085\u2028\u2029]")]
    private static partial Regex OtherLineEnd();
}
