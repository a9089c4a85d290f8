using System.Text.RegularExpressions;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// The trailers of a commit message, such as <c>Co-authored-by: Name &lt;email&gt;</c>. A squash joins the messages of several commits, so
/// trailers count in every paragraph and not only in the last one. They begin at the beginning of a line.
/// </summary>
internal static partial class Trailers
{
    public static IEnumerable<(string Key, string Value)> In(string message)
    {
        (string Key, string Value)? open = null;
        foreach (var line in Lines(message))
        {
            if (open is { } folded && line.Length > 0 && line[0] is ' ' or '\t' && line.AsSpan().Trim().Length > 0)
            {
                open = (folded.Key, $"{folded.Value} {line.Trim()}".Trim());
                continue;
            }

            if (open is { } done)
            {
                yield return done;
            }

            open = Trailer().Match(line) is { Success: true } trailer ? (trailer.Groups[1].Value, trailer.Groups[2].Value.Trim()) : null;
        }

        if (open is { } last)
        {
            yield return last;
        }
    }

    /// <summary>Without line ends of either kind.</summary>
    public static IEnumerable<string> Lines(string message) => message.Split('\n').Select(l => l.TrimEnd('\r'));

    [GeneratedRegex(@"\A([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:(.*)\z", RegexOptions.Singleline)]
    private static partial Regex Trailer();
}
