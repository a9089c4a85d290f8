using DeployGuard.Core.Changes;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// One revision under two names, because replicas of two versions each put it on record: it counts once, as the record that is further,
/// with everybody who asked for it under either. Dropped together with <see cref="HashTranslation"/>.
/// </summary>
internal static class RecordedTwice
{
    public static IReadOnlyList<Change> Combine(IReadOnlyList<Change> changes)
    {
        var revisions = changes.GroupBy(c => (c.Workload, c.TemplateHash)).ToList();
        return revisions.Count == changes.Count ? changes : [.. revisions.Select(r => Combine([.. r]))];
    }

    private static Change Combine(Change[] twice)
    {
        if (twice is [var only])
        {
            return only;
        }

        // Of two that are as far, the one of today's version: nobody adds to the other once the upgrade is through.
        var first = twice.OrderByDescending(c => Rank(c.Phase)).ThenBy(c => c.LegacyHash is not null).First();
        return first with
        {
            LegacyHash = twice.Select(c => c.LegacyHash).FirstOrDefault(h => h is not null),
            Evidence = [.. twice.SelectMany(c => c.Evidence).Distinct()],
            Requesters = [.. twice.SelectMany(c => c.Requesters).Distinct()],
            BreakGlassUses = [.. twice.SelectMany(c => c.BreakGlassUses).Distinct()],
            OwnedRevision = first.OwnedRevision ?? twice.Select(c => c.OwnedRevision).FirstOrDefault(o => o is not null),
            LastAskedAt = twice.Max(c => c.LastAskedAt),
            RemembersAdmission = twice.Any(c => c.WasAdmitted),
        };
    }

    private static int Rank(Phase phase) => phase switch
    {
        Phase.Proven => 4,
        Phase.Completed => 3,
        Phase.Running => 2,
        Phase.Admitted => 1,
        _ => 0,
    };
}
