namespace DeployGuard.Core.Changes;

/// <summary>A whole template on record, as far as it matters for the room that it takes.</summary>
/// <param name="Requester">Who asked for the revision first.</param>
/// <param name="IsSuperseded">Nobody votes on it and nothing runs it: it may go.</param>
public sealed record KeptTemplate(string Name, string Requester, long Bytes, DateTimeOffset CreatedAt, bool IsSuperseded);

/// <summary>How much room the whole templates of a namespace may take, and which of them go first.</summary>
public static class TemplateRetention
{
    public const int MaxCount = 500;
    public const long MaxBytes = 16 * 1024 * 1024;

    /// <summary>
    /// What must go so that one more finds room: superseded ones alone, the requester's own before those of others, the oldest first. Null where that is not
    /// enough. One requester never has more than half of the room, so that a flood leaves others theirs.
    /// </summary>
    /// <param name="kept">All of the namespace.</param>
    public static IReadOnlyList<string>? Evictions(IReadOnlyList<KeptTemplate> kept, KeptTemplate added)
    {
        var stays = kept.Where(k => k.Name != added.Name).ToList();
        var gone = new List<string>();
        return MakeRoom(stays, added, k => k.Requester == added.Requester, 2, gone) && MakeRoom(stays, added, _ => true, 1, gone) ? gone : null;
    }

    /// <param name="counts">Those which share the room.</param>
    /// <param name="part">One part in so many of all the room.</param>
    private static bool MakeRoom(List<KeptTemplate> stays, KeptTemplate added, Func<KeptTemplate, bool> counts, int part, List<string> gone)
    {
        var order = stays.Where(k => k.IsSuperseded && counts(k)).OrderBy(k => k.Requester != added.Requester).ThenBy(k => k.CreatedAt).ToList();
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
