using System.Globalization;
using System.Text.RegularExpressions;

namespace DeployGuard.Cli.Attest;

/// <param name="Value">The whole value; null for any.</param>
/// <param name="Tool">Null where the value begins with it.</param>
internal sealed record TrailerDetector(string Key, string? Value, string? Tool);

/// <summary>
/// By what AI assistance is recognized. Everything is compared whole: Claude is also a first name, so a part of a text proves nothing.
/// </summary>
/// <param name="Lines">Lines of a message, and their tools.</param>
/// <param name="Emails">In lower case.</param>
/// <param name="GitHubIds">Numbers of GitHub accounts: their names can change.</param>
/// <param name="NameSuffixes">Ends of the names of authors and committers.</param>
/// <param name="Machines">E-mail addresses that are neither a person nor an AI, such as that of GitHub's merge button.</param>
internal sealed partial record Detectors(
    IReadOnlyList<TrailerDetector> Trailers,
    IReadOnlyDictionary<string, string> Lines,
    IReadOnlyDictionary<string, string> Emails,
    IReadOnlyDictionary<long, string> GitHubIds,
    IReadOnlyList<(string Suffix, string Tool)> NameSuffixes,
    IReadOnlySet<string> Machines
)
{
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

    /// <summary>The number before <c>+</c> in the address that GitHub gives an account; null for any other address.</summary>
    public static long? GitHubIdOf(string address) =>
        NoReply().Match(address) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : null;

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
