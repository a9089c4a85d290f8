using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>Reads all that a repository says of a change: signs of AI, and who made it.</summary>
internal sealed class ChangeReading(
    Repository repository,
    GitRange range,
    Detectors detectors,
    ChangeAuthors authors,
    Action<string> notice
)
{
    /// <summary>
    /// A change of many thousand commits would not fit into a statement. That one sign more or less is named changes nothing.
    /// </summary>
    private const int MaxSigns = 256;

    private readonly List<Sign> _signs = [];
    private int _commits;

    public int Commits => _commits;

    /// <summary>All of them.</summary>
    public IReadOnlyList<Sign> Signs => _signs;

    /// <summary>A commit whose message quotes others in a form that cannot be read: their marks are not known. The first one.</summary>
    public string? Unread { get; private set; }

    /// <param name="squashed">Commits of branches that are in the range with their files alone.</param>
    public void Read(IReadOnlyCollection<string> squashed, AttestInputs given)
    {
        var finder = new SignFinder(detectors);
        void Add(Commit commit)
        {
            _signs.AddRange(finder.In(commit));
            authors.AddFrom(commit);
            Unread ??= QuotedCommits.AreUnreadIn(commit.Message) ? commit.Hash : null;
        }

        range.Read(commit =>
        {
            _commits++;
            Add(commit);
        });
        range.ReadSquashed(squashed, Add);
        GitAiNotes.Read(repository, range.Hashes, AddFrom, notice);
        var files = new AgentTraces(repository, range, notice);
        _signs.AddRange(files.Committed());
        _signs.AddRange(given.Traces.SelectMany(files.In));
        _signs.AddRange(given.Declared.Select(t => Sign.Of(range.Head, "declared", t, "declared by the signer")));
        foreach (var id in given.Operators)
        {
            authors.Add(id, "named with --operator");
        }
    }

    /// <summary>As many as a statement holds: of each tool and kind the first ones, so that none is left out for many of another.</summary>
    public IReadOnlyList<Sign> Stated()
    {
        var distinct = _signs.Distinct().ToList();
        if (distinct.Count <= MaxSigns)
        {
            return distinct;
        }

        notice($"{distinct.Count} signs of AI were found; the statement names {MaxSigns} of them, of every tool at least one");
        return
        [
            .. distinct.GroupBy(s => (s.Kind, s.Tool)).SelectMany(g => g.Index()).OrderBy(s => s.Index).Take(MaxSigns).Select(s => s.Item),
        ];
    }

    private void AddFrom(string commit, GitAiNote note)
    {
        _signs.AddRange(note.Agents.Select(a => Sign.Of(commit, "note", a.Tool, $"git-ai: {a.Tool} {a.Model}".TrimEnd())));
        foreach (var person in note.People)
        {
            authors.Add(person, $"named by the note of git-ai of {commit}");
        }
    }
}
