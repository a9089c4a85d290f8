namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// The change statements that count, as a graph from base to head commits. It finds an unbroken path from what runs to the head: the whole
/// range must be judged, not its last commit.
/// </summary>
internal sealed class CommitChain(IReadOnlyList<JudgedStatement> changes, string head)
{
    private readonly ILookup<string, JudgedStatement> _byHead = changes.ToLookup(c => HeadOf(c), StringComparer.Ordinal);

    public IEnumerable<JudgedStatement> AtHead => _byHead[head];

    /// <summary>The commits from which statements lead to the head, nearest first, as far back as what runs.</summary>
    public IReadOnlyList<string> ReachedFrom(string? from) => [.. Walk(from).Keys.Where(c => c != head)];

    /// <summary>The statements on all ways to the head, as far back as what runs: what was before that is no part of the change.</summary>
    public IEnumerable<JudgedStatement> LeadingFrom(string? from) =>
        Walk(from).Keys.Where(c => c == head || c != from).SelectMany(c => _byHead[c]);

    /// <summary>The commits after what runs, up to the head, that statements are about.</summary>
    public IEnumerable<string> JudgedFrom(string? from) => Walk(from).Keys.Where(c => (c == head || c != from) && _byHead[c].Any());

    /// <summary>
    /// The shortest path, as groups of statements about the same part, from the first to the last; null if there is none. Where something
    /// runs, a statement about the whole history does not say that the head came after it. Nothing changed since a running image of the
    /// same commit, and still somebody must judge that commit.
    /// </summary>
    /// <param name="from">The commit of what runs; null if nothing runs.</param>
    public IReadOnlyList<IReadOnlyList<JudgedStatement>>? PathFrom(string? from)
    {
        if (from == head)
        {
            return AtHead.Any()
                ?
                [
                    [.. AtHead],
                ]
                : null;
        }

        var next = Walk(from);
        var start = next.Keys.FirstOrDefault(c => c != head && (from is null ? Hex.IsNoCommit(c) : c == from));
        if (start is null)
        {
            return null;
        }

        List<IReadOnlyList<JudgedStatement>> path = [];
        for (var at = start; at != head; at = next[at])
        {
            path.Add([.. _byHead[next[at]].Where(c => BaseOf(c) == at)]);
        }

        return path;
    }

    /// <summary>From each reached commit to the next one on the shortest way to the head, breadth first.</summary>
    private Dictionary<string, string> Walk(string? from)
    {
        var next = new Dictionary<string, string>(StringComparer.Ordinal) { [head] = head };
        var queue = new Queue<string>([head]);
        while (queue.TryDequeue(out var commit))
        {
            var statements = commit == from && commit != head ? [] : _byHead[commit];
            foreach (var before in statements.Select(BaseOf).Distinct().Order(StringComparer.Ordinal))
            {
                if (next.TryAdd(before, commit))
                {
                    queue.Enqueue(before);
                }
            }
        }

        return next;
    }

    private static string HeadOf(JudgedStatement change) => change.Change?.Source.HeadCommit ?? "";

    private static string BaseOf(JudgedStatement change) => change.Change?.Source.BaseCommit ?? "";
}
