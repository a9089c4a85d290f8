using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>
/// Places in the budgets of policies. A place is reserved by compare-and-swap on a ConfigMap of ours before the rollout is let in, so that
/// rollouts asked for at the same instant of several replicas cannot both have the last one; it is dropped once its Change says that it was let in.
/// </summary>
internal sealed class Budgets(ApiConnection api, ClusterCaches caches, ClusterOptions options, TimeProvider time)
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a budget that was found spent is not looked at again: whoever is refused asks again by himself.</summary>
    private static readonly TimeSpan s_spentFor = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, Gate> _gates = new();

    /// <summary>What every budget of a namespace is spent on, as the caches know it.</summary>
    public IReadOnlyDictionary<string, BudgetUse> Cached(WorkloadRef target, IEnumerable<SafeguardPolicy> policies) => policies
        .Where(p => p.Budget is not null)
        .ToDictionary(p => p.Name, p => Use(p.Budget, [.. p.Budget?.Per is BudgetScope.Cluster ? caches.Changes.All() : caches.Changes.Under(target.Namespace)], [], target));

    /// <summary>Rollouts in flight by namespace.</summary>
    public IReadOnlyDictionary<string, int> InFlightByNamespace => caches.Changes.All()
        .Where(c => InFlight.Holds(c, LiveOf(c.Workload), IsAtRest(c.Workload), TimeSpan.FromHours(1), time.GetUtcNow()))
        .GroupBy(c => c.Workload.Namespace).ToDictionary(g => g.Key, g => g.Count());

    /// <exception cref="UnavailableException">No place could be had or refused in time.</exception>
    public async Task<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_longest);
        try
        {
            var uses = new Dictionary<string, BudgetUse>();
            foreach (var policy in verdict.Policies.Where(p => p is { Mode: Mode.Enforce, Budget: not null }))
            {
                uses[policy.Name] = await ReserveAsync(policy, verdict.Change, cap.Token);
            }

            return uses;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or JsonException)
        {
            throw new UnavailableException("the budget of rollouts could not be read and written in time", fault);
        }
    }

    private async Task<BudgetUse> ReserveAsync(SafeguardPolicy policy, Change change, CancellationToken cancel)
    {
        var rules = policy.Budget ?? throw new InvalidOperationException($"policy {policy.Name} has no budget");
        var after = change.After ?? throw new InvalidOperationException("nothing is rolled out");
        var name = NameOf(policy, rules, after.Ref.Namespace);
        var gate = _gates.GetOrAdd(name, _ => new Gate());
        // One of this replica at a time: two hundred that swap against each other get nowhere in half a second.
        await gate.Turn.WaitAsync(cancel);
        try
        {
            if (gate.Spent is { } spent && time.GetUtcNow() - spent.At < s_spentFor)
            {
                return spent.Use;
            }

            var use = await ReserveAsync(name, policy, rules, after, cancel);
            gate.Spent = use.IsSpent(rules) ? (use, time.GetUtcNow()) : null;
            return use;
        }
        finally
        {
            gate.Turn.Release();
        }
    }

    private async Task<BudgetUse> ReserveAsync(string name, SafeguardPolicy policy, BudgetRules rules, Workload after, CancellationToken cancel)
    {
        var path = $"api/v1/namespaces/{options.Namespace}/configmaps";
        while (true)
        {
            // In this order: a place that was dropped from the first is seen as a Change in the second.
            using var stored = await api.FindAsync($"{path}/{name}", cancel);
            var changes = await ReadChangesAsync(rules, after.Ref.Namespace, cancel);
            var now = time.GetUtcNow();
            var places = Places(stored?.RootElement).Where(p => p.Until > now && !IsSeen(p, changes) && !(p.Workload == after.Ref && p.TemplateHash == after.Template.Hash)).ToList();
            var use = Use(rules, changes, places, after.Ref);
            if (use.IsSpent(rules))
            {
                return use;
            }

            var document = Document(name, policy.Name, stored?.RootElement, [.. places, new Place(after.Ref, after.Template.Hash, now, now + InFlight.SeenWithin)]);
            try
            {
                using var written = stored is null
                    ? await api.WriteAsync(HttpMethod.Post, path, document, cancel)
                    : await api.WriteAsync(HttpMethod.Put, $"{path}/{name}", document, cancel);
                return use;
            }
            catch (ApiException lost) when (lost.StatusCode is HttpStatusCode.Conflict)
            {
                // Somebody else took a place meanwhile: look again. The deadline bounds it.
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 25)), time, cancel);
            }
        }
    }

    private BudgetUse Use(BudgetRules? rules, IReadOnlyList<RecordedChange> changes, IReadOnlyList<Place> places, WorkloadRef asking)
    {
        var (now, hangAfter) = (time.GetUtcNow(), rules?.HangAfter ?? TimeSpan.FromHours(1));
        var others = changes.Where(c => c.Workload != asking && c.Phase is Phase.Admitted or Phase.Running).ToList();
        return new BudgetUse(
            [.. others.Where(c => InFlight.Holds(c, LiveOf(c.Workload), IsAtRest(c.Workload), hangAfter, now)).Select(c => c.Workload).Concat(places.Where(p => p.Workload != asking).Select(p => p.Workload)).Distinct()],
            [.. others.Where(c => InFlight.IsHanging(c, LiveOf(c.Workload), IsAtRest(c.Workload), hangAfter, now)).Select(c => c.Workload).Distinct()]);
    }

    private async Task<IReadOnlyList<RecordedChange>> ReadChangesAsync(BudgetRules rules, string @namespace, CancellationToken cancel)
    {
        if (rules.Per is BudgetScope.Namespace)
        {
            return await caches.Changes.ReadLiveAsync(@namespace, cancel);
        }

        var all = new List<RecordedChange>();
        await api.ListAsync("apis/deployguard.io/v1alpha1/changes", item => all.AddRange(ChangeJson.ReadOrNull(item) is { } read ? [read] : []), cancel);
        return all;
    }

    /// <summary>Its Change says that the request which reserved it was let in: that counts from now on.</summary>
    private static bool IsSeen(Place place, IReadOnlyList<RecordedChange> changes) => changes.Any(c =>
        c.Workload == place.Workload && c.TemplateHash == place.TemplateHash && c.Phase is not (Phase.Pending or Phase.Rejected) && c.LastAskedAt >= Whole(place.At));

    /// <summary>Times in records are of whole seconds.</summary>
    private static DateTimeOffset Whole(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));

    private Observation? LiveOf(WorkloadRef workload) => Find(workload) is { } found ? new Observation(found.TemplateHash, found.IsObserved, found.IsComplete) : null;

    private bool IsAtRest(WorkloadRef workload) => Find(workload) is { IsAtRest: true };

    private ObservedWorkload? Find(WorkloadRef workload) => caches.Workloads.TryGetValue(workload.Kind, out var cache) ? cache.Find(ObjectKey.Of(workload.Namespace, workload.Name)) : null;

    private static string NameOf(SafeguardPolicy policy, BudgetRules rules, string @namespace)
    {
        var scope = rules.Per is BudgetScope.Namespace ? @namespace : "";
        return $"deployguard-budget-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{policy.Name}/{scope}")).AsSpan(0, 8))}";
    }

    private string Document(string name, string policy, JsonElement? stored, IEnumerable<Place> places)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = options.Namespace, ["annotations"] = new JsonObject { ["deployguard.io/policy"] = policy } };
        if (stored is { } existing)
        {
            // A PUT that carries the version which was read fails if anybody wrote in between.
            metadata["resourceVersion"] = existing.GetProperty("metadata").GetProperty("resourceVersion").GetString();
        }

        var list = new JsonArray([.. places.Select(p => (JsonNode)new JsonObject
        {
            ["apiGroup"] = p.Workload.ApiGroup, ["kind"] = p.Workload.Kind, ["namespace"] = p.Workload.Namespace, ["name"] = p.Workload.Name,
            ["templateHash"] = p.TemplateHash, ["at"] = p.At.ToString("O", CultureInfo.InvariantCulture), ["until"] = p.Until.ToString("O", CultureInfo.InvariantCulture),
        })]);
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { ["places"] = list.ToJsonString() } }.ToJsonString();
    }

    /// <summary>What somebody else made of the object counts for nothing, and is written over.</summary>
    private static IReadOnlyList<Place> Places(JsonElement? stored)
    {
        if (stored is not { } found || !found.TryGetProperty("data", out var data) || !data.TryGetProperty("places", out var text))
        {
            return [];
        }

        try
        {
            using var places = JsonDocument.Parse(text.GetString() ?? "[]");
            return [.. places.RootElement.EnumerateArray().Select(Read)];
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            return [];
        }
    }

    private static Place Read(JsonElement place)
    {
        string Text(string name) => place.GetProperty(name).GetString() ?? "";
        return new Place(
            new WorkloadRef(Text("apiGroup"), Text("kind"), Text("namespace"), Text("name")), Text("templateHash"), place.GetProperty("at").GetDateTimeOffset(), place.GetProperty("until").GetDateTimeOffset());
    }

    /// <summary>Of one budget in one replica.</summary>
    private sealed class Gate
    {
        public SemaphoreSlim Turn { get; } = new(1);

        /// <summary>When it was last found spent, and on what.</summary>
        public (BudgetUse Use, DateTimeOffset At)? Spent { get; set; }
    }

    private sealed record Place(WorkloadRef Workload, string TemplateHash, DateTimeOffset At, DateTimeOffset Until);
}
