using System.Globalization;
using System.Text;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// Makes untrusted text safe for an approver's terminal: characters that move the cursor, change the writing direction or are invisible are
/// shown by name.
/// </summary>
public static class VisibleText
{
    /// <summary>A longer run of blanks could push text out of sight, or make one line look like two.</summary>
    private const int MaxBlanks = 16;

    /// <summary>The lines of a text. An empty last line shows a final line break.</summary>
    public static IReadOnlyList<string> Lines(string text) => [.. text.Split('\n').Select(Line)];

    /// <summary>One line of text, with line breaks shown by name.</summary>
    public static string Line(string text)
    {
        var visible = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; )
        {
            var blanks = Blanks(text, i);
            if (blanks > 0)
            {
                // Blanks at the end of a line are invisible.
                var isEnd = i + blanks == text.Length;
                visible.Append(
                    isEnd || blanks > MaxBlanks
                        ? blanks == 1
                            ? "<1 space>"
                            : $"<{blanks} spaces>"
                        : text.AsSpan(i, blanks)
                );
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

    private static string Visible(Rune rune) =>
        rune.Value switch
        {
            '\t' => "<TAB>",
            '\n' => "<LF>",
            '\r' => "<CR>",
            0x1B => "<ESC>",
            _ when IsVisible(rune) => rune.ToString(),
            _ => $"<U+{rune.Value:X4}>",
        };

    private static bool IsVisible(Rune rune) =>
        rune.IsAscii
            ? !Rune.IsControl(rune)
            : Rune.GetUnicodeCategory(rune)
                is not (
                    UnicodeCategory.Control
                    or UnicodeCategory.Format
                    or UnicodeCategory.Surrogate
                    or UnicodeCategory.PrivateUse
                    or UnicodeCategory.OtherNotAssigned
                    or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator
                    or UnicodeCategory.SpaceSeparator
                    or UnicodeCategory.EnclosingMark
                    or UnicodeCategory.NonSpacingMark
                )
                // U+FFFD stands for invalid bytes, so equal texts may differ. Hangul fillers and the braille blank are drawn as nothing.
                && rune.Value is not 0xFFFD
                && rune.Value is not (0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800);
}
