using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// The people who made a change: authors, committers and co-authors of its commits and of those that their messages quote, and who
/// operated an agent. They cannot approve it. Accounts of AI tools and of the forge are none of them.
/// </summary>
internal sealed class ChangeAuthors(Detectors detectors, AuthorIds ids)
{
    private readonly SortedDictionary<string, string> _sources = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Ids => _sources.Keys;

    /// <summary>What first named them, such as <c>committer of COMMIT</c>; null if they are no author.</summary>
    public string? SourceOf(string id) => _sources.GetValueOrDefault(id);

    /// <summary>A commit that names no person: who operated the agent is not known. The first one.</summary>
    public string? Nobody { get; private set; }

    public void AddFrom(Commit commit)
    {
        var trailers = Trailers.In(commit.Message).ToList();
        var coAuthors = trailers.Where(t => Detectors.NamesCoAuthor(t.Key)).Select(t => Person.Parse(t.Value));
        var quoted = trailers.Select(t => QuotedCommits.PersonIn(t.Key, t.Value)).OfType<Person>();
        var named =
            (Add(commit.Author, "author") ? 1 : 0)
            + (Add(commit.Committer, "committer") ? 1 : 0)
            + coAuthors.Count(c => Add(c, "co-author"))
            + quoted.Count(q => Add(q, "author in the message"));
        if (named == 0)
        {
            Nobody ??= commit.Hash;
        }

        bool Add(Person person, string role) => this.Add(person, $"{role} of {commit.Hash}");
    }

    /// <summary>Whether it is a person.</summary>
    /// <param name="source">What names them.</param>
    public bool Add(Person person, string source)
    {
        if (person is { Address: "", Name: "" } || detectors.AccountOf(person) is not null || detectors.Machines.Contains(person.Address))
        {
            return false;
        }

        Add(ids.Of(person), source);
        return true;
    }

    public void Add(string id, string source) => _sources.TryAdd(id, source);
}
