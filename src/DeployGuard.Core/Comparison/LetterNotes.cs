using System.Text;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// Notes on a line whose letters may deceive its reader: a terminal reorders a line with right-to-left letters, and a word of several
/// scripts may look like another word.
/// </summary>
internal static class LetterNotes
{
    /// <summary>How a note begins, after its bracket.</summary>
    public const string Begin = "contains ";

    /// <summary>Empty for nearly every line.</summary>
    public static string Of(string text)
    {
        if (Ascii.IsValid(text))
        {
            return "";
        }

        var (isRightToLeft, mixed) = (false, new SortedSet<string>(StringComparer.Ordinal));
        var word = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var rune in text.EnumerateRunes())
        {
            isRightToLeft |= IsRightToLeft(rune.Value);
            if (!Rune.IsLetter(rune))
            {
                word.Clear();
            }
            else if (ScriptOf(rune.Value) is { } script)
            {
                word.Add(script);
                mixed.UnionWith(word.Count > 1 ? word : []);
            }
        }

        return (isRightToLeft ? $" <{Begin}right-to-left text>" : "")
            + (mixed.Count > 0 ? $" <{Begin}a word of mixed scripts: {string.Join(", ", mixed)}>" : "");
    }

    /// <summary>Hebrew, Arabic, Syriac, Thaana, NKo and their presentation forms; and the old scripts that are written so.</summary>
    private static bool IsRightToLeft(int value) =>
        value is (>= 0x0590 and <= 0x08FF) or (>= 0xFB1D and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFE)
        || value is (>= 0x10800 and <= 0x10FFF) or (>= 0x1E800 and <= 0x1EFFF);

    /// <summary>Scripts with letters that look alike; null for others.</summary>
    private static string? ScriptOf(int value) =>
        value switch
        {
            (>= 'A' and <= 'Z') or (>= 'a' and <= 'z') or (>= 0x00C0 and <= 0x024F) or (>= 0x1E00 and <= 0x1EFF) => "Latin",
            (>= 0x0370 and <= 0x03FF) or (>= 0x1F00 and <= 0x1FFF) => "Greek",
            (>= 0x0400 and <= 0x052F) or (>= 0x1C80 and <= 0x1C8F) or (>= 0xA640 and <= 0xA69F) => "Cyrillic",
            >= 0x0530 and <= 0x058F => "Armenian",
            (>= 0x13A0 and <= 0x13FF) or (>= 0xAB70 and <= 0xABBF) => "Cherokee",
            _ => null,
        };
}
