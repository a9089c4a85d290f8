namespace DeployGuard.Cli.Attest;

/// <summary>
/// Finds signs of AI in what a commit says of itself. That there are none proves nothing: each can be switched off or removed.
/// </summary>
internal sealed class SignFinder(Detectors detectors)
{
    public IEnumerable<Sign> In(Commit commit)
    {
        foreach (var person in (IEnumerable<Person>)[.. new[] { commit.Author, commit.Committer }.Distinct()])
        {
            if ((detectors.AccountOf(person) ?? BySuffix(person)) is { } tool)
            {
                yield return Sign.Of(commit.Hash, "author", tool, person.ToString());
            }
        }

        foreach (var (key, value) in Trailers.In(commit.Message))
        {
            if (ByTrailer(key, value) is { } tool)
            {
                yield return Sign.Of(commit.Hash, "trailer", tool, $"{key}: {value}");
            }
        }

        foreach (var line in Trailers.Lines(commit.Message))
        {
            if (ByLine(line) is { } tool)
            {
                yield return Sign.Of(commit.Hash, "trailer", tool, line.Trim());
            }
        }
    }

    private string? BySuffix(Person person) =>
        detectors.NameSuffixes.Where(s => person.Name.EndsWith(s.Suffix, StringComparison.Ordinal)).Select(s => s.Tool).FirstOrDefault();

    private string? ByTrailer(string key, string value)
    {
        var known = detectors.Trailers.FirstOrDefault(t =>
            t.Key.Equals(key, StringComparison.OrdinalIgnoreCase)
            && (t.Value is null || t.Value.Equals(value, StringComparison.OrdinalIgnoreCase))
            && (t.Tool is not null || value.Length > 0)
        );
        return known is not null ? known.Tool ?? NamedFirst(value)
            : Trailers.NamesCoAuthor(key) ? detectors.AccountOf(Person.Parse(value))
            : null;
    }

    private string? ByLine(string line) => detectors.Lines.GetValueOrDefault(Bare(line.AsSpan()).ToString());

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
}
