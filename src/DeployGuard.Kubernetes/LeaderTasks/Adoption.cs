using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Leader;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>
/// When an Enforce policy first matches a namespace, records the current revisions of its workloads, and those that they can be rolled back
/// to, as proven: they ran before the namespace was guarded. Done once for each policy and namespace, and listed in the policy's status, so
/// that later revisions cannot pass as old.
/// </summary>
internal sealed class Adoption(
    ApiConnection api,
    ClusterCaches caches,
    CustomWorkloads custom,
    ChangeWriter writer,
    ClusterOptions options,
    TimeProvider time,
    ILogger logger
) : ILeaderTask
{
    private const int MaxListed = 50;

    /// <summary>Pods without an owner that are listed by name; those beyond it are unproven until they have soaked.</summary>
    private const int MaxPods = 500;

    public string Name => "adoption of running workloads";

    public async Task RunAsync(CancellationToken cancel)
    {
        var fresh =
            from entry in caches.Policies.All()
            where entry.Policy is { Mode: Mode.Enforce, Errors.Count: 0 } && entry.Policy.Active.Contains(time.GetUtcNow())
            from found in caches.Namespaces.All()
            where
                // Nothing can be recorded in a namespace that is being deleted.
                !found.Ends
                && entry.Policy.Match.IncludesNamespace(found.Labels)
                && !options.ExemptNamespaces.Contains(found.Name)
                && !entry.AdoptedServing.ContainsKey(found.Name)
            select (Entry: entry, Namespace: found);
        await EachOfThem.DoAsync(fresh.ToList(), f => AdoptAsync(f.Entry, f.Namespace, cancel));
    }

    private async Task AdoptAsync(PolicyEntry entry, NamespaceEntry observed, CancellationToken cancel)
    {
        var @namespace = observed.Name;
        // Read live: this is done once, and a cache may lack objects that were created just before the policy.
        var live = new List<ObservedWorkload>();
        foreach (var cache in caches.Workloads.Values)
        {
            live.AddRange(await cache.ReadLiveAsync(@namespace, cancel));
        }

        var customs = await custom.ListAsync(@namespace, cancel);
        var history = await caches.ControllerRevisions.ReadLiveAsync(@namespace, cancel);
        var recorded = await caches.Changes.ReadLiveAsync(@namespace, cancel);
        var pods = await caches.Pods.ReadLiveAsync(@namespace, cancel);
        var objects = new NamespaceObjects
        {
            Namespace = @namespace,
            Workloads = [.. live.Select(w => w.Live)],
            Revisions = [.. history.Select(r => r.Live(live.FirstOrDefault(w => w.Uid == r.ControllerUid)))],
            Pods = pods,
            Changes = recorded,
        };
        var alone = objects.ToSnapshot().Members.Where(m => m.RecordedAs is null).ToList();
        var roots = live.Where(w => alone.Any(m => m.Spec.Ref == w.Ref)).Concat(customs.Where(c => c.ControllerUid.Length == 0)).ToList();
        var revisions = 0;
        foreach (var workload in roots.Where(w => IsToAdopt(w, entry, recorded)))
        {
            revisions += await AdoptAsync(workload, [.. live, .. customs], history, recorded, cancel);
        }

        var unattributed = alone.Where(m => m.IsUnattributed).ToList();
        await RecordAsync(entry.Policy.Name, @namespace, revisions, unattributed, NewestOf(objects, customs, observed), cancel);
        logger.LogInformation(
            "adopted {Count} revisions and {Unattributed} objects without a known owner in namespace {Namespace} under policy {Policy}",
            revisions,
            unattributed.Count,
            @namespace,
            entry.Policy.Name
        );
    }

    /// <summary>
    /// Every workload, if no policy adopted the namespace before. Otherwise those without a record: a former version adopted only workloads
    /// without owners, and another policy may match other workloads. A workload that the other policy matches and did not adopt was created
    /// past it.
    /// </summary>
    private bool IsToAdopt(ObservedWorkload workload, PolicyEntry entry, IReadOnlyList<Change> recorded)
    {
        var @namespace = workload.Ref.Namespace;
        var others = caches.Policies.All().Where(p => p.Policy.Name != entry.Policy.Name).ToList();
        return (!entry.Adopted.Contains(@namespace) && !others.Any(o => o.Adopted.Contains(@namespace)))
            || (
                !recorded.Any(c => c.Workload == workload.Ref && c.WasAdmitted)
                && !others.Any(o => o.AdoptedServing.ContainsKey(@namespace) && o.Policy.Match.Includes(workload.Spec))
            );
    }

    private async Task<int> AdoptAsync(
        ObservedWorkload workload,
        IReadOnlyList<ObservedWorkload> live,
        IReadOnlyList<ObservedRevision> history,
        IReadOnlyList<Change> recorded,
        CancellationToken cancel
    )
    {
        // Hashes are translated by the revisions that are adopted here.
        var translation = new HashTranslation(_ =>
            LiveTemplates.Of(workload, KeptRevisions.Of(workload, live, history).Select(r => r.Revision))
        );
        // Revisions recorded under an Audit policy ran before the namespace was guarded, too.
        var known = recorded
            .Where(c => c.Workload == workload.Ref && c.Phase is Phase.Proven)
            .Select(c => translation.Change(c).TemplateHash)
            .ToHashSet();
        var transition = new Transition(Phase.Proven, "Adopted", "ran before an enforcing policy first matched its namespace");
        var count = 0;
        foreach (
            var entry in RevisionEntries
                .Entries(workload, live, history, transition, transition, time.GetUtcNow())
                .Where(r => known.Add(r.TemplateHash))
        )
        {
            await writer.WriteAsync(entry, WriteTurn.Background, cancel);
            count++;
        }

        return count;
    }

    /// <summary>
    /// When the newest object was created, by the clock of the API server: later objects were not adopted. For an empty namespace it is
    /// just before the namespace was created, so that no object in it counts.
    /// </summary>
    private static DateTimeOffset NewestOf(NamespaceObjects objects, IReadOnlyList<ObservedWorkload> customs, NamespaceEntry observed) =>
        objects
            .Workloads.Select(w => w.Spec.CreatedAt)
            .Concat(customs.Select(c => c.Spec.CreatedAt))
            .OfType<DateTimeOffset>()
            .Concat(objects.Pods.SelectMany(g => g.Pods).Select(p => p.CreatedAt))
            .Append(observed.CreatedAt?.AddSeconds(-1) ?? DateTimeOffset.UnixEpoch)
            .Max();

    private async Task RecordAsync(
        string policy,
        string @namespace,
        int revisions,
        List<Member> unattributed,
        DateTimeOffset newest,
        CancellationToken cancel
    )
    {
        var path = ApiPaths.One(ApiPaths.Policies, policy);
        using var stored = await api.GetAsync(path, cancel);
        var document =
            JsonObject.Create(stored.RootElement.Clone()) ?? throw new InvalidOperationException($"policy {policy} is no object");
        var list = JsonWriting.List(JsonWriting.Child(document, "status"), "adopted");
        var item = list.OfType<JsonObject>().FirstOrDefault(a => (string?)a["namespace"] == @namespace);
        if (item is null)
        {
            list.Add(
                (JsonNode)(
                    item = new JsonObject
                    {
                        ["namespace"] = @namespace,
                        ["at"] = Rfc3339.Show(time.GetUtcNow()),
                        ["revisions"] = revisions,
                    }
                )
            );
        }

        item["servingAt"] = Rfc3339.Show(newest);
        item["unattributed"] = unattributed.Count;
        item["pods"] = new JsonArray([
            .. unattributed
                .SelectMany(m => m.Pods)
                .SelectMany(r => r.Seen)
                .SelectMany(g => g.Pods)
                .Select(p => p.Name)
                .Order(StringComparer.Ordinal)
                .Take(MaxPods)
                .Select(n => JsonValue.Create(n)),
        ]);
        item["unattributedNames"] = new JsonArray([
            .. unattributed
                .Take(MaxListed)
                .Select(m => JsonValue.Create($"{m.Spec.Ref.KubectlName} x{m.Size} {string.Join(' ', m.Spec.Template.ImageNames)}")),
        ]);
        using var written = await api.WriteAsync(HttpMethod.Put, $"{path}/status", document.ToJsonString(), cancel);
    }
}
