using DeployGuard.Cli.Inputs;

namespace DeployGuard.Cli.Attest;

/// <summary>Agent Traces of a range: those that its commits added to the repository, and those in files of the user.</summary>
internal sealed class AgentTraces(Repository repository, GitRange range, Action<string> notice)
{
    /// <summary>
    /// Where tools that follow the reference implementation write them, as <c>traces.jsonl</c> or a file for each record.
    /// </summary>
    private const string Folder = ".agent-trace";

    /// <summary>
    /// Records that the head has and the base has not: the commit that brought them is not known, so they count for the head.
    /// </summary>
    public IEnumerable<Sign> Committed()
    {
        var former = range.BeginsWithFirstCommit ? [] : Files(range.Base);
        var changed = Files(range.Head).Where(f => former.GetValueOrDefault(f.Key) != f.Value).ToDictionary();
        var known = Records(former.Where(f => changed.ContainsKey(f.Key)), _ => { }).Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        return Records(changed, notice).Where(r => !known.Contains(r.Id)).SelectMany(r => Signs(r, range.Head));
    }

    /// <summary>
    /// Records of a file that were made on a commit of the range or on its base: a tool writes the commit that is checked out, which is the
    /// one before its own.
    /// </summary>
    /// <exception cref="Manifests.ManifestException">The file cannot be read.</exception>
    public IEnumerable<Sign> In(string file)
    {
        var records = AgentTrace.Read(InputFiles.Bytes(file), line => notice(NoRecord(file, line)));
        var mine = records.Where(r => r.Revision is null || r.Revision == range.Base || range.Hashes.Contains(r.Revision)).ToList();
        if (records.Count > mine.Count)
        {
            notice($"{file}: {records.Count - mine.Count} of {records.Count} records are about other commits, and were left out");
        }

        return mine.SelectMany(r => Signs(r, r.Revision is { } revision && range.Hashes.Contains(revision) ? revision : range.Head));
    }

    private static IEnumerable<Sign> Signs(AgentTrace record, string commit) =>
        record.Contributors.Select(c => Sign.Of(commit, "trace", record.Tool, c));

    /// <summary>Paths and objects of the trace files in a commit.</summary>
    private Dictionary<string, string> Files(string commit) =>
        repository
            .Output("ls-tree", "-r", "-z", "--full-tree", commit, "--", Folder)
            .Split('\0')
            .Select(l => l.Split('\t', 2))
            .Where(l =>
                l.Length == 2 && (l[1].EndsWith(".json", StringComparison.Ordinal) || l[1].EndsWith(".jsonl", StringComparison.Ordinal))
            )
            .ToDictionary(l => l[1], l => l[0].Split(' ')[^1], StringComparer.Ordinal);

    private List<AgentTrace> Records(IEnumerable<KeyValuePair<string, string>> files, Action<string> unusable)
    {
        var wanted = files.ToList();
        var (records, next) = (new List<AgentTrace>(), 0);
        Blobs.Read(
            repository,
            [.. wanted.Select(f => f.Value)],
            (_, content) =>
            {
                var path = wanted[next++].Key;
                if (content is null)
                {
                    unusable($"{path}: is missing in this clone or too long, and was not read");
                    return;
                }

                records.AddRange(AgentTrace.Read(content, line => unusable(NoRecord(path, line))));
            }
        );
        return records;
    }

    private static string NoRecord(string file, int line) => $"{file}: line {line} is no Agent Trace record, and was left out";
}
