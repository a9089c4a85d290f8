using System.Text.RegularExpressions;

namespace DeployGuard.Core.Provenance;

/// <summary>
/// A line of a commit message without what a squash, a mail or a list puts before it: blanks, <c>&gt;</c>, <c>#</c> and list marks.
/// </summary>
/// <param name="Depth">How many characters stand before the text, or before the mark of the list that it begins.</param>
/// <param name="IsListed">Whether a mark of a list stands right before the text.</param>
/// <param name="Text">May be empty.</param>
public sealed partial record MessageLine(int Depth, bool IsListed, string Text)
{
    /// <summary>What ends a line for any reader of a message: a sign of AI must not be hidden by another one.</summary>
    private static readonly string[] s_ends = ["\r\n", "\n", "\r", "\v", "\f", "\u0085", "\u2028", "\u2029"];

    public static IEnumerable<MessageLine> In(string message) => message.Split(s_ends, StringSplitOptions.None).Select(Of);

    /// <summary>Key and value of <c>Key: value</c>, without blanks around them; null if the line has another form.</summary>
    public (string Key, string Value)? Trailer =>
        TrailerForm().Match(Text) is { Success: true } trailer ? (trailer.Groups[1].Value, trailer.Groups[2].Value.Trim()) : null;

    private static MessageLine Of(string line)
    {
        var before = Before().Match(line);
        return new MessageLine(before.Groups[1].Length, before.Groups[2].Length > 0, line[before.Length..].TrimEnd());
    }

    [GeneratedRegex(@"\A([\s>|#]*)((?:(?:[*+\-•·_`]|[0-9]{1,3}[.)](?=\s))[\s>|#]*)*)")]
    private static partial Regex Before();

    [GeneratedRegex(@"\A([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:(?!//)(.*)\z", RegexOptions.Singleline)]
    private static partial Regex TrailerForm();
}
