namespace DeployGuard.Core.Evaluation;

/// <summary>Splits a text into lines: after a sentence if there is one, otherwise between words, and never inside a command.</summary>
internal static class LineBreaks
{
    private static readonly string[] s_programs = ["kubectl ", "deployguard ", "flux ", "argocd ", "helm "];

    /// <summary>What ends a command that is followed by more text.</summary>
    private static readonly string[] s_ends = [". ", "; ", " (", ") ", "), ", "). "];

    /// <param name="longest">In characters. Only a command is longer.</param>
    public static IReadOnlyList<string> Split(string text, int longest)
    {
        var lines = new List<string>();
        var rest = text.Trim();
        while (rest.Length > longest)
        {
            var at = BreakOf(rest, longest);
            if (at >= rest.Length)
            {
                break;
            }

            lines.Add(rest[..at].TrimEnd());
            rest = rest[at..].TrimStart();
        }

        return rest.Length == 0 ? lines : [.. lines, rest];
    }

    /// <summary>Where the rest of the text begins; its length if it cannot be split.</summary>
    private static int BreakOf(string text, int longest)
    {
        var spaces = Breakable(text);
        var fitting = spaces.Where(s => s <= longest).ToList();
        var sentence = fitting.LastOrDefault(s => text[s - 1] is '.' or ';' or ':', -1);
        return sentence > longest / 3 ? sentence
            : fitting.Count > 0 ? fitting[^1]
            : spaces.Count > 0 ? spaces[0]
            : text.Length;
    }

    /// <summary>The spaces at which the text may be split.</summary>
    private static List<int> Breakable(string text)
    {
        var spaces = new List<int>();
        var inside = 0;
        for (var at = 1; at < text.Length; at++)
        {
            inside = Math.Max(inside, StartsCommand(text, at - 1) ? EndOfCommand(text, at - 1) : 0);
            if (text[at] == ' ' && at >= inside)
            {
                spaces.Add(at);
            }
        }

        return spaces;
    }

    private static bool StartsCommand(string text, int at) =>
        (at == 0 || text[at - 1] is ' ' or '(') && s_programs.Any(p => string.CompareOrdinal(text, at, p, 0, p.Length) == 0);

    /// <summary>The quoted argument of a patch may contain anything.</summary>
    private static int EndOfCommand(string text, int start)
    {
        for (var (at, quoted) = (start, false); at < text.Length; at++)
        {
            quoted ^= text[at] == '\'';
            if (!quoted && s_ends.Any(e => string.CompareOrdinal(text, at, e, 0, e.Length) == 0))
            {
                return at;
            }
        }

        return text.Length;
    }
}
