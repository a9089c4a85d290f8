namespace DeployGuard.Core.Changes;

/// <summary>
/// Combines two records of one revision, which replicas of two versions wrote under two names. The revision counts once, as the record with
/// the later phase, with the requesters of both. Goes together with <see cref="HashTranslation"/>.
/// </summary>
internal static class DuplicateChanges
{
    public static IReadOnlyList<Change> Combine(IReadOnlyList<Change> changes)
    {
        var revisions = changes.GroupBy(c => (c.Workload, c.TemplateHash)).ToList();
        return revisions.Count == changes.Count ? changes : [.. revisions.Select(r => Combine([.. r]))];
    }

    private static Change Combine(Change[] duplicates)
    {
        if (duplicates is [var only])
        {
            return only;
        }

        // Of two with the same phase, the one of the current version: the other is no longer written after the upgrade.
        var first = duplicates.OrderByDescending(c => Rank(c.Phase)).ThenBy(c => c.LegacyHash is not null).First();
        return first with
        {
            LegacyHash = duplicates.Select(c => c.LegacyHash).FirstOrDefault(h => h is not null),
            Evidence = [.. duplicates.SelectMany(c => c.Evidence).Distinct()],
            Requesters = [.. duplicates.SelectMany(c => c.Requesters).Distinct()],
            BreakGlassUses = [.. duplicates.SelectMany(c => c.BreakGlassUses).Distinct()],
            OwnedRevision = first.OwnedRevision ?? duplicates.Select(c => c.OwnedRevision).FirstOrDefault(o => o is not null),
            LastRequestedAt = duplicates.Max(c => c.LastRequestedAt),
            FirstRequestedAt = duplicates.Where(c => c.Requesters.Count > 0).Select(c => c.FirstRequestedAt).DefaultIfEmpty().Min(),
            LastRequests = duplicates
                .SelectMany(c => c.LastRequests)
                .GroupBy(r => r.Key)
                .ToDictionary(r => r.Key, r => r.Max(last => last.Value)),
            HasAdmittedCondition = duplicates.Any(c => c.WasAdmitted),
        };
    }

    private static int Rank(Phase phase) =>
        phase switch
        {
            Phase.Proven => 4,
            Phase.Completed => 3,
            Phase.Running => 2,
            Phase.Admitted => 1,
            _ => 0,
        };
}
