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
        Set(status, "served", Served.Select(s => new JsonObject { ["pool"] = s.Pool, ["pods"] = s.Pods, ["at"] = Json.Time(s.At), ["present"] = s.IsPresent }));
    }

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

    /// <summary>Only what is proven can be replaced by something that is not.</summary>
    private static IEnumerable<Served> Serve(RecordedChange change, IReadOnlyList<PoolStanding> standings, DateTimeOffset now)
    {
        var seen = standings.Where(s => s.IsProven && change.Phase is Phase.Proven && !change.IsUnreviewed).GroupBy(s => s.Pool)
            .ToDictionary(g => g.Key, g => (g.First().Pods, Window: g.Max(s => s.Rules.ColdAfter)));
        foreach (var known in change.Served)
        {
            yield return seen.Remove(known.Pool, out var now1) ? known.Seeing(now1.Pods, now1.Window, now) : known.Seeing(0, TimeSpan.Zero, now);
        }

        foreach (var (pool, found) in seen.Where(s => s.Value.Pods > 0))
        {
            yield return new Served(pool, found.Pods, now, IsPresent: true);
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
