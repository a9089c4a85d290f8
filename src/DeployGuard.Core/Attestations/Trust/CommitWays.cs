namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// All ways between what runs and the head over which any verified statement leads, of any signer: role, repository, ref, expiry,
/// <c>complete</c> and threshold limit what relaxes, and a way only says which statements to listen to. A commit is the same in every fork.
/// </summary>
internal sealed class CommitWays
{
    private readonly ILookup<string, string> _bases;

    public CommitWays(IEnumerable<JudgedStatement> all) =>
        _bases = all.Select(s => s.Change?.Source)
            .OfType<ChangeSource>()
            .Select(s => (s.HeadCommit, s.BaseCommit))
            .Distinct()
            .ToLookup(s => s.HeadCommit, s => s.BaseCommit, StringComparer.Ordinal);

    /// <summary>The commits after what runs, up to the last one, that statements are about.</summary>
    /// <param name="from">The commit of what runs; null if nothing runs, or if it is not known.</param>
    public IReadOnlySet<string> Between(string? from, string to) => Between(from, [to]);

    /// <summary>The commits after what runs, up to each of several, of which an image may be.</summary>
    public IReadOnlySet<string> Between(IEnumerable<string?> starts, IReadOnlyCollection<string> heads) =>
        starts.SelectMany(s => Between(s, heads)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Whether verified statements lead from one commit to a later one.</summary>
    public bool Lead(string from, string to) => from != to && Between(from, to).Any(c => _bases[c].Contains(from));

    /// <summary>One walk from all heads reaches what a walk from each would.</summary>
    private HashSet<string> Between(string? from, IReadOnlyCollection<string> heads)
    {
        var reached = heads.ToHashSet(StringComparer.Ordinal);
        var queue = new Queue<string>(reached);
        while (queue.TryDequeue(out var commit))
        {
            foreach (var before in _bases[commit].Where(b => b != from && reached.Add(b)))
            {
                queue.Enqueue(before);
            }
        }

        // Where a way does not lead back to what runs, nothing is said of the commit at which it begins.
        reached.RemoveWhere(c => !_bases.Contains(c) && !heads.Contains(c));
        return reached;
    }
}
