using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>Reads the objects of one namespace that decide which pods serve which Service, from the caches or live.</summary>
internal static class NamespaceReader
{
    public static NamespaceObjects Cached(string @namespace, ClusterCaches caches)
    {
        var pods = caches.Pods.Of(@namespace);
        return new NamespaceObjects
        {
            Namespace = @namespace,
            Services = [.. caches.Services.Under(@namespace).Select(s => s.Service)],
            Workloads = [.. caches.Workloads.Values.SelectMany(c => c.Under(@namespace)).Select(w => w.Live)],
            Revisions = [.. RevisionsOf(caches, @namespace)],
            Pods = pods ?? [],
            PodsAreKnown = pods is not null,
            Changes = caches.Changes.Under(ChangeIndex.OfNamespace(@namespace)),
            Votes = caches.Approvals.Under(@namespace),
            Adopted = caches.SortedPolicies.AdoptedIn(@namespace),
        };
    }

    /// <summary>Read live, all resources in parallel. Pods come from the cache if it watches them, otherwise they are listed too.</summary>
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
        var translation = new HashTranslation(workload =>
            all.FirstOrDefault(w => w.Ref == workload) is { } live
                ? LiveTemplates.Of(live, KeptRevisions.Of(live, all, revisions.Result).Select(k => k.Revision))
                : []
        );
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
            Adopted = caches.SortedPolicies.AdoptedIn(@namespace),
        };
    }

    private static IEnumerable<LiveRevision> RevisionsOf(ClusterCaches caches, string @namespace) =>
        from kind in BuiltInKinds.All.Where(k => k.HasControllerRevisions)
        from owner in caches.Workloads[kind.Name].Under(@namespace)
        from revision in caches.RevisionsOf(owner)
        select revision.Live(owner);
}
