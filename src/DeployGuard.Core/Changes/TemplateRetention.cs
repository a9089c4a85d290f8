namespace DeployGuard.Core.Changes;

/// <summary>A stored ChangeTemplate, with its size.</summary>
/// <param name="Requester">The first requester of the revision.</param>
/// <param name="IsSuperseded">It is neither pending nor running, so it may be deleted.</param>
public sealed record KeptTemplate(string Name, string Requester, long Bytes, DateTimeOffset CreatedAt, bool IsSuperseded);

/// <summary>How much space the ChangeTemplates of a namespace may take, and which of them are deleted first.</summary>
public static class TemplateRetention
{
    public const int MaxCount = 500;
    public const long MaxBytes = 16 * 1024 * 1024;

    /// <summary>
    /// The templates to delete so that one more fits: only superseded ones, the requester's own before those of others, the oldest first.
    /// Null if that is not enough. One requester never takes more than half of the space, so that others keep theirs.
    /// </summary>
    /// <param name="kept">All of the namespace.</param>
    public static IReadOnlyList<string>? Evictions(IReadOnlyList<KeptTemplate> kept, KeptTemplate added)
    {
        var stays = kept.Where(k => k.Name != added.Name).ToList();
        var gone = new List<string>();
        return MakeRoom(stays, added, k => k.Requester == added.Requester, 2, gone) && MakeRoom(stays, added, _ => true, 1, gone)
            ? gone
            : null;
    }

    /// <param name="counts">The templates that share the space.</param>
    /// <param name="part">The divisor of the whole space: 2 for half of it.</param>
    private static bool MakeRoom(List<KeptTemplate> stays, KeptTemplate added, Func<KeptTemplate, bool> counts, int part, List<string> gone)
    {
        var order = stays
            .Where(k => k.IsSuperseded && counts(k))
            .OrderBy(k => k.Requester != added.Requester)
            .ThenBy(k => k.CreatedAt)
            .ToList();
        foreach (var next in order.TakeWhile(_ => !Fits(stays.Where(counts), added, part)))
        {
            stays.Remove(next);
            gone.Add(next.Name);
        }

        return Fits(stays.Where(counts), added, part);
    }

    private static bool Fits(IEnumerable<KeptTemplate> kept, KeptTemplate added, int part)
    {
        var (count, bytes) = kept.Aggregate((Count: 1, added.Bytes), (sum, k) => (sum.Count + 1, sum.Bytes + k.Bytes));
        return count <= MaxCount / part && bytes <= MaxBytes / part;
    }
}
