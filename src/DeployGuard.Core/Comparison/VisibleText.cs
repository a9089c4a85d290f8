using System.Globalization;
using System.Text;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// Makes untrusted text safe for an approver's terminal: characters that move the cursor, change the writing direction or are invisible are
/// shown by name. <see cref="Line"/> shows a value exactly: two different values never look the same. <see cref="Inline"/> is for
/// sentences, whose parts may have been made visible before: applied twice, it changes nothing more.
/// </summary>
public static class VisibleText
{
    /// <summary>A longer run of blanks could push text out of sight, or make one line look like two.</summary>
    private const int MaxBlanks = 16;

    private static readonly string s_manyBlanks = new(' ', MaxBlanks + 1);

    /// <summary>The lines of a text. An empty last line shows a final line break.</summary>
    public static IReadOnlyList<string> Lines(string text) => [.. text.Split('\n').Select(Line)];

    /// <summary>
    /// One line of a value, with line breaks shown by name. A value that contains what looks like such a name has its <c>&lt;</c> shown as
    /// <c>&lt;U+003C&gt;</c>. Letters that may deceive a reader are named at the end of the line.
    /// </summary>
    public static string Line(string text) => Escaped(text, isValue: true) + LetterNotes.Of(text);

    /// <summary>Text that becomes part of a message, of a record's status or of a log line, on one line.</summary>
    public static string Inline(string text) => IsPlain(text) ? text : Escaped(text, isValue: false);

    private static string Escaped(string text, bool isValue)
    {
        var visible = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; )
        {
            var blanks = Blanks(text, i);
            if (blanks > 0)
            {
                // Blanks at the end of a line are invisible.
                var isEnd = isValue && i + blanks == text.Length;
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
            var isKept = isWhole && !(isValue && LooksLikeAName(text.AsSpan(i)));
            visible.Append(isKept ? Visible(rune) : $"<U+{(int)text[i]:X4}>");
            i += isKept ? rune.Utf16SequenceLength : 1;
        }

        return visible.ToString();
    }

    /// <summary>Most texts are: printable ASCII without a long run of blanks.</summary>
    private static bool IsPlain(string text) =>
        !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains(s_manyBlanks, StringComparison.Ordinal);

    /// <summary>Whether a text begins as the names begin that stand for characters.</summary>
    private static bool LooksLikeAName(ReadOnlySpan<char> text)
    {
        if (text[0] != '<')
        {
            return false;
        }

        var rest = text[1..];
        return (rest.Length > 0 && char.IsAsciiDigit(rest[0]))
            || rest.StartsWith("U+", StringComparison.Ordinal)
            || rest.StartsWith("TAB>", StringComparison.Ordinal)
            || rest.StartsWith("LF>", StringComparison.Ordinal)
            || rest.StartsWith("CR>", StringComparison.Ordinal)
            || rest.StartsWith("ESC>", StringComparison.Ordinal)
            || rest.StartsWith(LetterNotes.Begin, StringComparison.Ordinal);
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
                // U+FFFD stands for invalid bytes and U+FFFC for any object, so equal texts may differ.
                && rune.Value is not (0xFFFC or 0xFFFD)
                && !IsBlank(rune.Value);

    /// <summary>Letters and symbols that are drawn as nothing: fillers, the braille blank, a musical and two hieroglyphic blanks.</summary>
    private static bool IsBlank(int value) =>
        value is 0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800 or 0x303F or 0x1D159 or 0x13441 or 0x13442
        // Default-ignorable code points whatever their category: Mongolian, variation selectors, musical controls, tags.
        || value
            is 0x034F
                or (>= 0x180B and <= 0x180F)
                or (>= 0xFE00 and <= 0xFE0F)
                or (>= 0x1D173 and <= 0x1D17A)
                or (>= 0xE0000 and <= 0xE0FFF);
}
