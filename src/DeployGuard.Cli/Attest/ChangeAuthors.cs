using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// The people who made a change: authors, committers and co-authors of its commits, and who operated an agent. They cannot approve it.
/// Accounts of AI tools and of the forge are none of them.
/// </summary>
internal sealed class ChangeAuthors(Detectors detectors, AuthorIds ids)
{
    private readonly SortedSet<string> _ids = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Ids => _ids;

    /// <summary>A commit that names no person: who operated the agent is not known. The first one.</summary>
    public string? Nobody { get; private set; }

    public void AddFrom(Commit commit)
    {
        var named = new[] { commit.Author, commit.Committer }
            .Concat(Trailers.In(commit.Message).Where(t => Detectors.NamesCoAuthor(t.Key)).Select(t => Person.Parse(t.Value)))
            .Count(Add);
        if (named == 0)
        {
            Nobody ??= commit.Hash;
        }
    }

    /// <summary>Whether it is a person.</summary>
    public bool Add(Person person)
    {
        if (person is { Address: "", Name: "" } || detectors.AccountOf(person) is not null || detectors.Machines.Contains(person.Address))
        {
            return false;
        }

        _ids.Add(ids.Of(person));
        return true;
    }

    public void Add(string id) => _ids.Add(id);
}
