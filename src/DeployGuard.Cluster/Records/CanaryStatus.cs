using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;

namespace DeployGuard.Cluster.Records;

/// <summary>What a Change remembers of its canary: the steps held, how it stands, and where it served once proven.</summary>
/// <param name="Held">Latched: only a veto takes one back.</param>
/// <param name="Exposure">Empty once it has proven itself.</param>
internal sealed record CanaryStatus(IReadOnlyList<HeldStep> Held, IReadOnlyList<RecordedExposure> Exposure, IReadOnlyList<Served> Served)
{
    /// <summary>What is to be remembered, given how a revision stands now.</summary>
    /// <param name="standings">Of this revision of this workload.</param>
    /// <param name="unlatched">Names of the policies in whose eyes it holds nothing: it was rejected.</param>
    public static CanaryStatus Next(RecordedChange change, IReadOnlyList<PoolStanding> standings, IReadOnlySet<string> unlatched, DateTimeOffset now)
    {
        var held = standings.Where(s => !s.IsProven && s.HeldPercent > 0)
            .Select(s => new HeldStep(s.Policy, s.Pool, s.HeldPercent, now))
            .Concat(change.Held)
            .Where(h => !unlatched.Contains(h.Policy))
            .GroupBy(h => (h.Policy, h.Pool))
            // The first who held so much, if it is no more than what is on record.
            .Select(g => g.OrderByDescending(h => h.Percent).ThenBy(h => h.At).First());
        return new CanaryStatus(
            [.. held.OrderBy(h => h.Policy, StringComparer.Ordinal).ThenBy(h => h.Pool, StringComparer.Ordinal)],
            [.. standings.Where(s => !s.IsProven).Select(s => new RecordedExposure(s.Policy, s.Pool, s.Share, s.Pods, s.Unproven, s.Total, s.Wait, now + s.Left))],
            [.. Serve(change, standings, now)]);
    }

    public bool Differs(RecordedChange change) =>
        !Held.SequenceEqual(change.Held.OrderBy(h => h.Policy, StringComparer.Ordinal).ThenBy(h => h.Pool, StringComparer.Ordinal))
        || Exposure.Count != change.Exposure.Count || !Exposure.Zip(change.Exposure).All(p => p.First.IsAbout(p.Second))
        || !Served.SequenceEqual(change.Served);

    public void WriteTo(JsonObject status)
    {
        Set(status, "held", Held.Select(h => new JsonObject { ["policy"] = h.Policy, ["pool"] = h.Pool, ["percent"] = h.Percent, ["at"] = Json.Time(h.At) }));
        Set(status, "canary", Exposure.Select(ExposureJson));
        Set(status, "served", Served.Select(s => new JsonObject { ["pool"] = s.Pool, ["pods"] = s.Pods, ["at"] = Json.Time(s.At), ["present"] = s.IsPresent, ["most"] = s.Most, ["trial"] = s.IsTrial, ["selector"] = NullIfEmpty(s.Selector), ["addresses"] = NullIfEmpty(s.Addresses) }));
    }

    /// <summary>Old API servers refuse an empty text in a custom resource.</summary>
    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static JsonObject ExposureJson(RecordedExposure exposure)
    {
        var json = new JsonObject
        {
            ["policy"] = exposure.Policy,
            ["pool"] = exposure.Pool,
            ["step"] = exposure.Step,
            ["pods"] = exposure.Pods,
            ["unproven"] = exposure.Unproven,
            ["total"] = exposure.Total,
        };
        Json.SetOrRemove(json, "waits", exposure.Waits);
        if (exposure.SoakEndsAt is { } end)
        {
            json["soakEndsAt"] = Json.Time(end);
        }

        return json;
    }

    /// <summary>
    /// What completed serves its pools, proven or not: what is proven can be replaced by something that is not, and what is not may be given back what it had. What came
    /// in by break-glass served nobody until somebody else has looked at it. Of what the workload runs no more only the pools are kept, unless it is proven.
    /// </summary>
    private static IEnumerable<Served> Serve(RecordedChange change, IReadOnlyList<PoolStanding> standings, DateTimeOffset now)
    {
        var isProven = change.Phase is Phase.Proven;
        var seen = standings.Where(s => change.HasCompleted && !change.IsUnreviewed && s.IsReached && (isProven ? s.IsProven : s.IsCurrent)).GroupBy(s => s.Pool)
            .ToDictionary(g => g.Key, g => (Standing: g.First(), Window: g.Max(s => s.Rules.ColdAfter)));
        // Proof that one policy wants holds for none that wants more.
        bool IsProof(PoolStanding of) => isProven && standings.All(s => s.Pool != of.Pool || s.IsProven);
        Served Now(Served served, PoolStanding of) => served with
        {
            Selector = of.Selector,
            Addresses = of.Addresses,
            IsTrial = served.IsTrial && !IsProof(of),
            // What has completed runs on all that is desired; what is seen may lag behind.
            Most = Math.Max(served.Most, of.IsCurrent ? of.Size : of.Pods),
        };
        // The first of a pool is as it stands; a second one, what it gave up.
        var released = change.Served.GroupBy(s => s.Pool).ToDictionary(g => g.Key, g => g.Skip(1).FirstOrDefault());
        foreach (var known in change.Served.DistinctBy(s => s.Pool))
        {
            if (seen.Remove(known.Pool, out var found))
            {
                yield return Now(known.Seeing(found.Standing.Pods, found.Window, now), found.Standing);
            }
            else
            {
                var isReplaced = !isProven && standings.Any(s => s is { IsCurrent: false });
                yield return isReplaced ? known.WithoutPods(now) : known.Seeing(0, TimeSpan.Zero, now);
            }

            if (known.GivenUp(released[known.Pool], found.Standing?.Addresses ?? known.Addresses, now, found.Window) is { } givenUp)
            {
                yield return givenUp;
            }
        }

        foreach (var (pool, found) in seen.Where(s => s.Value.Standing.Pods > 0))
        {
            yield return Now(new Served(pool, found.Standing.Pods, now, IsPresent: true) { IsTrial = true }, found.Standing);
        }
    }

    private static void Set(JsonObject status, string name, IEnumerable<JsonObject> items)
    {
        var array = new JsonArray([.. items]);
        if (array.Count == 0)
        {
            status.Remove(name);
            return;
        }

        status[name] = array;
    }
}
