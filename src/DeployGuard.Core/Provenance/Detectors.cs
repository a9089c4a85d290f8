using System.Globalization;
using System.Text.RegularExpressions;

namespace DeployGuard.Core.Provenance;

/// <param name="Value">The whole value; null for any.</param>
/// <param name="Tool">Null where the value begins with it.</param>
public sealed record TrailerDetector(string Key, string? Value, string? Tool);

/// <summary>
/// By what AI assistance is recognized. Everything is compared whole: Claude is also a first name, so a part of a text proves nothing.
/// </summary>
/// <param name="Lines">Lines of a message, and their tools.</param>
/// <param name="Emails">In lower case.</param>
/// <param name="GitHubIds">Numbers of GitHub accounts: their names can change.</param>
/// <param name="NameSuffixes">Ends of the names of authors and committers.</param>
/// <param name="Machines">E-mail addresses that are neither a person nor an AI, such as that of GitHub's merge button.</param>
public sealed partial record Detectors(
    IReadOnlyList<TrailerDetector> Trailers,
    IReadOnlyDictionary<string, string> Lines,
    IReadOnlyDictionary<string, string> Emails,
    IReadOnlyDictionary<long, string> GitHubIds,
    IReadOnlyList<(string Suffix, string Tool)> NameSuffixes,
    IReadOnlySet<string> Machines
)
{
    /// <summary>Those that come with this program.</summary>
    public static Detectors BuiltIn { get; } = BuiltInDetectors.Load();

    /// <summary>These, and more. Where both know the same address, the added ones name the tool.</summary>
    public Detectors With(Detectors more) =>
        new(
            [.. Trailers, .. more.Trailers],
            Joined(Lines, more.Lines),
            Joined(Emails, more.Emails),
            Joined(GitHubIds, more.GitHubIds),
            [.. NameSuffixes, .. more.NameSuffixes],
            Machines.Union(more.Machines).ToHashSet(StringComparer.Ordinal)
        );

    /// <summary>The tool whose account this is; null for people and other machines.</summary>
    public string? AccountOf(Person person) =>
        Emails.GetValueOrDefault(person.Address) ?? (GitHubIdOf(person.Address) is { } id ? GitHubIds.GetValueOrDefault(id) : null);

    /// <summary>The tool that a name and address stand for; null for people and other machines.</summary>
    public string? ToolOf(Person person) =>
        AccountOf(person)
        ?? NameSuffixes.Where(s => person.Name.EndsWith(s.Suffix, StringComparison.Ordinal)).Select(s => s.Tool).FirstOrDefault();

    /// <summary>The tool that a trailer such as <c>Assisted-by: AGENT:MODEL</c> names; null if it names none.</summary>
    public string? ToolOfTrailer(string key, string value)
    {
        var known = Trailers.FirstOrDefault(t =>
            t.Key.Equals(key, StringComparison.OrdinalIgnoreCase)
            && (t.Value is null || t.Value.Equals(value, StringComparison.OrdinalIgnoreCase))
            && (t.Tool is not null || value.Length > 0)
        );
        return known is not null ? known.Tool ?? NamedFirst(value)
            : NamesCoAuthor(key) ? AccountOf(Person.Parse(value))
            : null;
    }

    /// <summary>The tool that writes this line; null if none does.</summary>
    public string? ToolOfLine(string line) => Lines.GetValueOrDefault(Bare(line.AsSpan()).ToString());

    /// <summary>Whether a trailer names somebody who wrote the change too.</summary>
    public static bool NamesCoAuthor(string key) =>
        key.Equals("Co-authored-by", StringComparison.OrdinalIgnoreCase)
        || key.Equals("Co-developed-by", StringComparison.OrdinalIgnoreCase);

    /// <summary>The number before <c>+</c> in the address that GitHub gives an account; null for any other address.</summary>
    public static long? GitHubIdOf(string address) =>
        NoReply().Match(address) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : null;

    /// <summary>The agent of <c>AGENT:MODEL [TOOL]</c>, the tool of <c>TOOL VERSION</c>.</summary>
    private static string NamedFirst(string value) => value.IndexOfAny([':', ' ', '\t']) is var end and > 0 ? value[..end] : value;

    /// <summary>A line without the emoji before it, and without the target of the link that ends it.</summary>
    private static ReadOnlySpan<char> Bare(ReadOnlySpan<char> line)
    {
        var text = line.Trim();
        while (text.Length > 0 && !char.IsLetterOrDigit(text[0]))
        {
            text = text[1..];
        }

        return text.EndsWith(")") && text.LastIndexOf('(') is var open and > 0 ? text[..open] : text;
    }

    [GeneratedRegex(@"\A([0-9]{1,18})\+[^@]*@users\.noreply\.github\.com\z")]
    private static partial Regex NoReply();

    private static Dictionary<TKey, string> Joined<TKey>(IReadOnlyDictionary<TKey, string> some, IReadOnlyDictionary<TKey, string> more)
        where TKey : notnull
    {
        var all = new Dictionary<TKey, string>(some);
        foreach (var (key, tool) in more)
        {
            all[key] = tool;
        }

        return all;
    }
}
