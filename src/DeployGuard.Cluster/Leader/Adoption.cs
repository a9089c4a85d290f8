using System.Text.Json.Nodes;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Cluster.Records;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Leader;

/// <summary>
/// When an Enforce policy first matches a namespace, puts what runs there, and what its workloads can go back to, on record as
/// proven: it ran before anybody guarded it. Once per namespace, and listed in the policy's status, so that nothing that
/// slipped in later can be passed off as old.
/// </summary>
internal sealed class Adoption(ApiConnection api, ClusterCaches caches, CustomWorkloads custom, ChangeWriter writer, ClusterOptions options, TimeProvider time, ILogger logger) : ILeaderTask
{
    public string Name => "adoption of what runs";

    public async Task RunAsync(CancellationToken cancel)
    {
        var policies = caches.Policies.All();
        var adopted = policies.SelectMany(p => p.Adopted).ToHashSet();
        foreach (var entry in policies.Where(p => p.Policy is { Mode: Mode.Enforce, Errors.Count: 0 } && p.Policy.Active.Contains(time.GetUtcNow())))
        {
            var fresh = caches.Namespaces.All()
                .Where(n => entry.Policy.Match.Namespaces.Matches(n.Labels) && !options.ExemptNamespaces.Contains(n.Name) && adopted.Add(n.Name))
                .ToList();
            foreach (var @namespace in fresh)
            {
                await AdoptAsync(entry.Policy.Name, @namespace.Name, cancel);
            }
        }
    }

    private async Task AdoptAsync(string policy, string @namespace, CancellationToken cancel)
    {
        // Read live: this is done once, and a cache may not have seen yet what was made just before the policy.
        var live = new List<ObservedWorkload>();
        foreach (var cache in caches.Workloads.Values)
        {
            live.AddRange(await cache.ReadLiveAsync(@namespace, cancel));
        }

        live.AddRange(await custom.ListAsync(@namespace, cancel));

        var history = await caches.ControllerRevisions.ReadLiveAsync(@namespace, cancel);
        var recorded = await caches.Changes.ReadLiveAsync(@namespace, cancel);
        var revisions = 0;
        // What a translation rests on is what is adopted here.
        var translation = new HashTranslation(
            workload => live.Where(w => w.Ref == workload).SelectMany(w => KnownTemplate.Of(w, HistoryOf(w, live, history))));
        foreach (var workload in live.Where(w => w.ControllerUid.Length == 0))
        {
            // What is on record because a policy only looked on ran before anybody guarded it just the same.
            var known = recorded.Where(c => c.Workload == workload.Ref && c.Phase is Phase.Proven)
                .Select(c => translation.Change(c).TemplateHash).ToHashSet();
            foreach (var entry in Revisions(workload, live, history).Where(r => known.Add(r.TemplateHash)))
            {
                await writer.WriteAsync(entry, cancel);
                revisions++;
            }
        }

        await RememberAsync(policy, @namespace, revisions, cancel);
        logger.LogInformation("adopted {Count} revisions in namespace {Namespace} under policy {Policy}", revisions, @namespace, policy);
    }

    private static IEnumerable<OwnedRevision> HistoryOf(
        ObservedWorkload workload, IEnumerable<ObservedWorkload> live, IEnumerable<ObservedRevision> history) =>
        live.Where(s => s.ControllerUid == workload.Uid && s.Ref.Kind == "ReplicaSet").Select(LiveHistory.Owned)
            .Concat(history.Where(r => r.ControllerUid == workload.Uid).Select(r => LiveHistory.Owned(r.Under(workload))));

    private static IEnumerable<ChangeEntry> Revisions(ObservedWorkload workload, IEnumerable<ObservedWorkload> live, IEnumerable<ObservedRevision> history)
    {
        var sets = live.Where(s => s.ControllerUid == workload.Uid && s.Ref.Kind == "ReplicaSet").ToList();
        var revisions = history.Where(r => r.ControllerUid == workload.Uid).Select(r => r.Under(workload)).ToList();
        var current = sets.Where(s => s.TemplateHash == workload.TemplateHash).Select(s => s.Ref.Name)
            .Concat(revisions.Where(r => r.TemplateHash == workload.TemplateHash).Select(r => r.Name))
            .FirstOrDefault();
        return
        [
            Entry(workload, workload.TemplateHash, workload.Images, current),
            .. sets.Select(s => Entry(workload, s.TemplateHash, s.Images, s.Ref.Name)),
            .. revisions.Select(r => Entry(workload, r.TemplateHash, r.Images, r.Name)),
        ];
    }

    private static ChangeEntry Entry(ObservedWorkload workload, string hash, IReadOnlyList<string> images, string? ownedRevision) => new()
    {
        Name = ChangeName.Of(workload.Ref, hash),
        Workload = workload.Ref,
        TemplateHash = hash,
        Transition = new Transition(Phase.Proven, "Adopted", "ran before an enforcing policy first matched its namespace"),
        Adopted = true,
        OwnedRevision = ownedRevision,
        Images = [.. images.Select((image, i) => new ImageChange($"images[{i}]", null, image))],
    };

    private async Task RememberAsync(string policy, string @namespace, int revisions, CancellationToken cancel)
    {
        var path = $"apis/deployguard.io/v1alpha1/safeguardpolicies/{policy}";
        using var stored = await api.GetAsync(path, cancel);
        var document = JsonObject.Create(stored.RootElement.Clone()) ?? throw new InvalidOperationException($"policy {policy} is no object");
        var status = document["status"] as JsonObject ?? [];
        document["status"] = status;
        var list = status["adopted"] as JsonArray ?? [];
        status["adopted"] = list;
        list.Add((JsonNode)new JsonObject
        {
            ["namespace"] = @namespace,
            ["at"] = Json.Time(time.GetUtcNow()),
            ["revisions"] = revisions,
        });
        using var written = await api.WriteAsync(HttpMethod.Put, $"{path}/status", document.ToJsonString(), cancel);
    }
}
