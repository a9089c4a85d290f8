using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>Reads the objects of one namespace that decide who serves whom, from the caches or from the API server now.</summary>
internal static class NamespaceReader
{
    public static NamespaceObjects Cached(string @namespace, ClusterCaches caches) => new()
    {
        Namespace = @namespace,
        Services = [.. caches.Services.Under(@namespace).Select(s => s.Service)],
        Workloads = [.. caches.Workloads.Values.SelectMany(c => c.Under(@namespace)).Select(w => w.Live)],
        Revisions = [.. RevisionsOf(caches, @namespace)],
        Pods = caches.Pods.Of(@namespace) ?? [],
        PodsAreKnown = caches.Pods.Of(@namespace) is not null,
        Changes = caches.Changes.Under(@namespace),
        Votes = caches.Approvals.Under(@namespace),
        Adopted = Adopted(caches, @namespace),
    };

    /// <summary>Read from the API server now, all at the same time. Pods are those that are watched; where they are not, they are listed too.</summary>
    public static async Task<NamespaceObjects> ReadAsync(string @namespace, ClusterCaches caches, CancellationToken cancel)
    {
        var services = caches.Services.ReadLiveAsync(@namespace, cancel);
        var workloads = Task.WhenAll(caches.Workloads.Values.Select(c => c.ReadLiveAsync(@namespace, cancel)));
        var revisions = caches.ControllerRevisions.ReadLiveAsync(@namespace, cancel);
        var changes = caches.Changes.ReadLiveAsync(@namespace, cancel);
        var votes = caches.Approvals.ReadLiveAsync(@namespace, cancel);
        var pods = caches.Pods.Of(@namespace) is { } watched ? Task.FromResult(watched) : caches.Pods.ReadLiveAsync(@namespace, cancel);
        await Task.WhenAll(services, workloads, revisions, changes, votes, pods);
        var all = (await workloads).SelectMany(w => w).ToList();
        var byUid = all.ToLookup(w => w.Uid, StringComparer.Ordinal);
        var translation = new HashTranslation(workload => all.FirstOrDefault(w => w.Ref == workload) is { } live ? KnownTemplate.Of(live, HistoryOf(live, all, revisions.Result)) : []);
        return new NamespaceObjects
        {
            Namespace = @namespace,
            Services = [.. (await services).Select(s => s.Service)],
            Workloads = [.. all.Select(w => w.Live)],
            Revisions = [.. (await revisions).Select(r => r.Live(byUid[r.ControllerUid].FirstOrDefault()))],
            Pods = await pods,
            PodsAreKnown = true,
            Changes = translation.Changes(await changes),
            Votes = translation.Approvals(await votes),
            Adopted = Adopted(caches, @namespace),
        };
    }

    private static IEnumerable<LiveRevision> RevisionsOf(ClusterCaches caches, string @namespace) =>
        from kind in (string[])["StatefulSet", "DaemonSet"]
        from owner in caches.Workloads[kind].Under(@namespace)
        from revision in caches.RevisionsOf(owner)
        select revision.Live(owner);

    private static IEnumerable<OwnedRevision> HistoryOf(ObservedWorkload workload, IReadOnlyList<ObservedWorkload> all, IReadOnlyList<ObservedRevision> revisions) =>
        all.Where(w => w.ControllerUid == workload.Uid && w.Ref.Kind == "ReplicaSet").Select(LiveHistory.Owned)
            .Concat(revisions.Where(r => r.ControllerUid == workload.Uid).Select(r => LiveHistory.Owned(r.Under(workload))));

    /// <summary>Only an adoption that took in what serves counts: one by a former version knew of no pods.</summary>
    private static Dictionary<string, AdoptedPods> Adopted(ClusterCaches caches, string @namespace) =>
        caches.Policies.All().Where(p => p.AdoptedServing.ContainsKey(@namespace)).ToDictionary(p => p.Policy.Name, p => p.AdoptedServing[@namespace]);
}
