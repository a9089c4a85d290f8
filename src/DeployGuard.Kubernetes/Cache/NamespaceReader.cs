using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>Reads the objects of one namespace that decide which pods serve which Service, live.</summary>
internal static class NamespaceReader
{
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
}
