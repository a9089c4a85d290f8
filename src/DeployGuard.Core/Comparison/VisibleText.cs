using System.Globalization;
using System.Text;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// Other people's text on an approver's terminal: whatever moves the cursor, turns the writing around or takes no room is named instead of sent.
/// </summary>
public static class VisibleText
{
    /// <summary>More blanks than an indentation has could push what follows out of sight, or make a line look like two.</summary>
    private const int MaxBlanks = 16;

    /// <summary>The lines of a text. An empty last line says that the text ends with a line break.</summary>
    public static IReadOnlyList<string> Lines(string text) => [.. text.Split('\n').Select(Line)];

    /// <summary>One line of text; a line break in it is named as well.</summary>
    public static string Line(string text)
    {
        var visible = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var blanks = Blanks(text, i);
            if (blanks > 0)
            {
                // At the end of a line nobody sees them.
                var isEnd = i + blanks == text.Length;
                visible.Append(isEnd || blanks > MaxBlanks ? blanks == 1 ? "<1 space>" : $"<{blanks} spaces>" : text.AsSpan(i, blanks));
                i += blanks;
                continue;
            }

            var isWhole = Rune.TryGetRuneAt(text, i, out var rune);
            visible.Append(isWhole ? Visible(rune) : $"<U+{(int)text[i]:X4}>");
            i += isWhole ? rune.Utf16SequenceLength : 1;
        }

        return visible.ToString();
    }

    private static int Blanks(string text, int start)
    {
        var end = start;
        while (end < text.Length && text[end] == ' ')
        {
            end++;
        }

        return end - start;
    }

    private static string Visible(Rune rune) => rune.Value switch
    {
        '\t' => "<TAB>",
        '\n' => "<LF>",
        '\r' => "<CR>",
        0x1B => "<ESC>",
        _ when IsSeen(rune) => rune.ToString(),
        _ => $"<U+{rune.Value:X4}>",
    };

    private static bool IsSeen(Rune rune) => rune.IsAscii ? !Rune.IsControl(rune) : Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator or UnicodeCategory.EnclosingMark or UnicodeCategory.NonSpacingMark)
        // Letters that are drawn as nothing: Hangul fillers, the braille blank.
        // What stands for bytes that are no text: two of them may be any two.
        && rune.Value is not 0xFFFD
        && rune.Value is not (0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800);
}
