using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Cluster.Records;
using DeployGuard.Core.Changes;

namespace DeployGuard.Cluster.Leader;

/// <summary>
/// Sets Running and Completed from live objects: the API server may still drop what was admitted, and anyone who can reach the
/// port can ask. Only what was admitted can come to run; phases only advance.
/// </summary>
internal sealed class Observer(ApiConnection api, ClusterCaches caches, ChangeWriter writer) : ILeaderTask
{
    public string Name => "observation of changes";

    public async Task RunAsync(CancellationToken cancel)
    {
        foreach (var change in caches.Changes.All().Where(c => c.Phase is Phase.Admitted or Phase.Running))
        {
            if (await FindAsync(change, cancel) is not { } live || live.TemplateHash != change.TemplateHash || !live.IsObserved)
            {
                continue;
            }

            var next = IsComplete(live) ? Phase.Completed : Phase.Running;
            if (next > change.Phase)
            {
                await writer.AdvanceAsync(change, next, LiveHistory.NameOf(live, caches), cancel);
            }
        }
    }

    private async Task<ObservedWorkload?> FindAsync(RecordedChange change, CancellationToken cancel)
    {
        var workload = change.Workload;
        if (caches.Workloads.TryGetValue(workload.Kind, out var cache))
        {
            return cache.Find(ObjectKey.Of(workload.Namespace, workload.Name));
        }

        if (workload.Kind != "Pod")
        {
            return null;
        }

        // Pods are too many to be watched; the few that people make by hand are asked for.
        using var pod = await api.FindAsync($"api/v1/namespaces/{workload.Namespace}/pods/{workload.Name}", cancel);
        return pod is null ? null : ObservedWorkload.Read(pod.RootElement, "v1", "Pod");
    }

    private bool IsComplete(ObservedWorkload live) => live.IsComplete
        || (live.Ref.Kind == "CronJob" && caches.Workloads["Job"].Under(live.Uid).Any(job => job.IsComplete && job.TemplateHash == live.TemplateHash));
}
