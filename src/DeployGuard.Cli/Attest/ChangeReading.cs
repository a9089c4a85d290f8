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
    /// <summary>A change of many thousand commits would not fit into a statement. That one sign more or less is named changes nothing.</summary>
    private const int MaxSigns = 256;

    private readonly List<Sign> _signs = [];
    private int _commits;

    public int Commits => _commits;

    /// <summary>All of them.</summary>
    public IReadOnlyList<Sign> Signs => _signs;

    /// <param name="traces">Agent Trace files that are not in the repository.</param>
    /// <param name="declared">Tools that no commit names.</param>
    public void Read(IEnumerable<string> traces, IEnumerable<string> declared)
    {
        var finder = new SignFinder(detectors);
        range.Read(commit =>
        {
            _commits++;
            _signs.AddRange(finder.In(commit));
            authors.AddFrom(commit);
        });
        GitAiNotes.Read(repository, range.Hashes, AddFrom, notice);
        var files = new AgentTraces(repository, range, notice);
        _signs.AddRange(files.Committed());
        _signs.AddRange(traces.SelectMany(files.In));
        _signs.AddRange(declared.Select(t => Sign.Of(range.Head, "declared", t, "declared by the signer")));
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
            authors.Add(person);
        }
    }
}
