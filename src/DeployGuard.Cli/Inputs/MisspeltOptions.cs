using System.CommandLine;
using System.CommandLine.Parsing;

namespace DeployGuard.Cli.Inputs;

/// <summary>
/// Finds options that do not exist among the values of other options: the parser takes <c>-f web.yaml --polcies x</c> for three files.
/// </summary>
internal static class MisspeltOptions
{
    private const int MaxDistance = 3;

    public static void Validate(CommandResult result)
    {
        var known = result.Command.Options.SelectMany(o => (IEnumerable<string>)[o.Name, .. o.Aliases]).ToList();
        foreach (var value in result.Children.SelectMany(c => c.Tokens).Select(t => t.Value).Where(IsLikely))
        {
            result.AddError($"{value}: {result.Command.Name} has no such option{Suggestion(value, known)}");
        }
    }

    /// <summary>A file or folder of that name may be meant.</summary>
    private static bool IsLikely(string value) =>
        value.StartsWith('-') && value.TrimStart('-') is [var first, ..] && char.IsAsciiLetter(first) && !Path.Exists(value);

    private static string Suggestion(string value, IEnumerable<string> known)
    {
        var wanted = value.Split('=')[0].TrimStart('-');
        var closest = known
            .Where(k => k.TrimStart('-').Length > 1)
            .Select(k => (Name: k, Distance: Distance(wanted, k.TrimStart('-'))))
            .MinBy(k => k.Distance);
        return closest.Name is { } name && closest.Distance <= Math.Min(MaxDistance, wanted.Length / 2) ? $"; did you mean {name}?" : "";
    }

    /// <summary>How many characters must be added, removed or replaced (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            (var diagonal, row[0]) = (row[0], i);
            for (var j = 1; j <= other.Length; j++)
            {
                var replaced = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                (diagonal, row[j]) = (row[j], Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1));
            }
        }

        return row[^1];
    }
}
