using DeployGuard.Core.Changes;

namespace DeployGuard.Core.Exposure;

/// <summary>The pools that a revision served, as its Change records them.</summary>
public static class ServingRecords
{
    /// <summary>The limit for one Change: with thousands of Services the record would be too large to be stored.</summary>
    private const int MaxPools = 100;

    /// <summary>
    /// Every running revision is recorded, proven or not: a proven one may be replaced, and an unproven one may serve as many pods again.
    /// An unreviewed break-glass revision is not recorded. Once the workload runs another revision, an unproven one keeps its pools without
    /// numbers.
    /// </summary>
    /// <param name="standings">Of this revision of this workload.</param>
    public static IEnumerable<ServedPool> Next(Change change, IReadOnlyList<PoolStanding> standings, DateTimeOffset now)
    {
        var all = All(change, standings, now).ToList();
        var window = standings.Select(s => s.Rules.ColdAfter).DefaultIfEmpty(TimeSpan.Zero).Max();
        // Recently served pools are kept before new ones: new Services must not displace them.
        return all.Count <= MaxPools
            ? all
            : all.Select(
                    (served, i) =>
                        (
                            Served: served,
                            Rank: i >= change.Served.Count ? 1
                            : served.IsWithin(window, now) ? 0
                            : 2
                        )
                )
                .OrderBy(s => s.Rank)
                .Take(MaxPools)
                .Select(s => s.Served);
    }

    private static IEnumerable<ServedPool> All(Change change, IReadOnlyList<PoolStanding> standings, DateTimeOffset now)
    {
        var isProven = change.Phase is Phase.Proven;
        var seen = Seen(change, standings);
        foreach (var known in change.Served)
        {
            if (seen.Remove(known.Pool, out var found))
            {
                yield return Now(known.Seeing(found.Standing.Pods, found.Window, now), found.Standing, change, standings);
            }
            else
            {
                var isReplaced = !isProven && standings.Any(s => s is { IsCurrent: false });
                yield return isReplaced ? known.WithoutPods(now) : known.Seeing(0, TimeSpan.Zero, now);
            }
        }

        foreach (var (pool, found) in seen.Where(s => s.Value.Standing.Pods > 0))
        {
            yield return Now(
                new ServedPool(pool, found.Standing.Pods, now, IsPresent: true) { WasOnlyUnproven = true },
                found.Standing,
                change,
                standings
            );
        }
    }

    /// <summary>Addresses that the Services of its pools gave up.</summary>
    public static IEnumerable<GivenUpAddresses> GivenUp(Change change, IReadOnlyList<PoolStanding> standings, DateTimeOffset now) =>
        AllGivenUp(change, standings, now).OrderByDescending(g => g.At).Take(MaxPools);

    private static IEnumerable<GivenUpAddresses> AllGivenUp(Change change, IReadOnlyList<PoolStanding> standings, DateTimeOffset now)
    {
        var seen = Seen(change, standings);
        foreach (var (pool, (standing, window)) in seen)
        {
            var next = GivenUpAddresses.Next(
                change.GivenUp.FirstOrDefault(g => g.Pool == pool),
                change.Served.FirstOrDefault(s => s.Pool == pool),
                standing.Addresses,
                window,
                now
            );
            if (next is not null)
            {
                yield return next;
            }
        }

        foreach (var known in change.GivenUp.Where(g => !seen.ContainsKey(g.Pool)))
        {
            yield return known;
        }
    }

    private static Dictionary<string, (PoolStanding Standing, TimeSpan Window)> Seen(
        Change change,
        IReadOnlyList<PoolStanding> standings
    ) =>
        standings
            .Where(s => IsServing(change) && s.IsReached && (change.Phase is Phase.Proven ? s.IsProven : s.IsCurrent))
            .GroupBy(s => s.Pool)
            .ToDictionary(g => g.Key, g => (Standing: Together(g.ToList()), Window: g.Max(s => s.Rules.ColdAfter)));

    /// <summary>One revision may have pods with different labels, and Services may select only some of them.</summary>
    private static PoolStanding Together(List<PoolStanding> same) =>
        same.Where(s => s.Policy == same[0].Policy).Select(s => s.Pods).ToList() is { Count: > 1 } pods
            ? same[0] with
            {
                Pods = Math.Min(same[0].Size, pods.Sum()),
            }
            : same[0];

    private static bool IsServing(Change change) =>
        !change.IsUnreviewed && (change.HasCompleted || change.Phase is Phase.Admitted or Phase.Running);

    private static ServedPool Now(ServedPool served, PoolStanding of, Change change, IReadOnlyList<PoolStanding> standings) =>
        served with
        {
            Selector = of.Selector,
            Addresses = of.Addresses,
            // Steps held under one policy do not count for a policy that requires more.
            WasOnlyUnproven =
                served.WasOnlyUnproven && !(change.Phase is Phase.Proven && standings.All(s => s.Pool != of.Pool || s.IsProven)),
            // A completed revision runs on all desired pods; the observed number may lag behind.
            MaxPods = Math.Max(served.MaxPods, change.HasCompleted && of.IsCurrent ? of.Size : of.Pods),
        };
}
