using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>The canary fields of a Change: completed steps, current exposure, and the pools that it served once it had completed.</summary>
/// <param name="Held">Completed steps; only a veto removes one.</param>
/// <param name="Exposure">Empty once the revision is proven.</param>
internal sealed record CanaryStatus(
    IReadOnlyList<CompletedStep> Held,
    IReadOnlyList<RecordedExposure> Exposure,
    IReadOnlyList<ServedPool> Served,
    IReadOnlyList<GivenUpAddresses> GivenUp
)
{
    /// <summary>Entries of each list: with thousands of Services a record would become too large to write.</summary>
    private const int MaxHeld = 200;

    /// <summary>The next value, from the standings of the revision now.</summary>
    /// <param name="standings">Of this revision of this workload.</param>
    /// <param name="unlatched">Names of the policies under which its steps are withdrawn, because it was rejected.</param>
    public static CanaryStatus Next(
        Change change,
        IReadOnlyList<PoolStanding> standings,
        IReadOnlySet<string> unlatched,
        DateTimeOffset now
    )
    {
        var known = change.CompletedSteps.Select(h => (h.Policy, h.Pool)).ToHashSet();
        var held = standings
            .Where(s => !s.IsProven && s.HeldPercent > 0)
            .Select(s => new CompletedStep(s.Policy, s.Pool, s.HeldPercent, now))
            .Concat(change.CompletedSteps)
            .Where(h => !unlatched.Contains(h.Policy))
            .GroupBy(h => (h.Policy, h.Pool))
            // The earliest of equal steps.
            .Select(g => g.OrderByDescending(h => h.Percent).ThenBy(h => h.At).First())
            // Recorded entries take precedence over new ones.
            .OrderByDescending(h => known.Contains((h.Policy, h.Pool)))
            .Take(MaxHeld);
        return new CanaryStatus(
            [.. held.OrderBy(h => h.Policy, StringComparer.Ordinal).ThenBy(h => h.Pool, StringComparer.Ordinal)],
            [
                .. standings
                    .Where(s => !s.IsProven)
                    .Take(MaxHeld)
                    .Select(s => new RecordedExposure(s.Policy, s.Pool, s.Share, s.Pods, s.Unproven, s.Total, s.Wait, now + s.Left)),
            ],
            [.. ServingRecords.Next(change, standings, now)],
            [.. ServingRecords.GivenUp(change, standings, now)]
        );
    }

    public bool Differs(Change change) =>
        !Held.SequenceEqual(
            change.CompletedSteps.OrderBy(h => h.Policy, StringComparer.Ordinal).ThenBy(h => h.Pool, StringComparer.Ordinal)
        )
        || Exposure.Count != change.Exposure.Count
        || !Exposure.Zip(change.Exposure).All(p => p.First.IsAbout(p.Second))
        || !Served.SequenceEqual(change.Served)
        || !GivenUp.SequenceEqual(change.GivenUp);

    public void WriteTo(JsonObject status)
    {
        Set(
            status,
            "held",
            Held.Select(h => new JsonObject
            {
                ["policy"] = h.Policy,
                ["pool"] = h.Pool,
                ["percent"] = h.Percent,
                ["at"] = Rfc3339.Show(h.At),
            })
        );
        Set(status, "canary", Exposure.Select(ExposureJson));
        Set(
            status,
            "served",
            Served.Select(s => new JsonObject
            {
                ["pool"] = s.Pool,
                ["pods"] = s.Pods,
                ["at"] = Rfc3339.Show(s.At),
                ["present"] = s.IsPresent,
                ["most"] = s.MaxPods,
                ["trial"] = s.WasOnlyUnproven,
                ["selector"] = NullIfEmpty(s.Selector),
                ["addresses"] = NullIfEmpty(s.Addresses),
            })
        );
        Set(
            status,
            "givenUp",
            GivenUp.Select(g => new JsonObject
            {
                ["pool"] = g.Pool,
                ["selector"] = NullIfEmpty(g.Selector),
                ["addresses"] = g.Addresses,
                ["at"] = Rfc3339.Show(g.At),
            })
        );
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
        JsonWriting.SetOrRemove(json, "waits", exposure.WaitsFor);
        if (exposure.SoakEndsAt is { } end)
        {
            json["soakEndsAt"] = Rfc3339.Show(end);
        }

        return json;
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
