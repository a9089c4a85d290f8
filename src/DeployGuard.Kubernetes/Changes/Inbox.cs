using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// How many Changes may wait at once: whoever floods fills his own share, never evicts what others wait for, and never stuffs etcd. What
/// finds no place can still be approved by its hash.
/// </summary>
internal sealed class Inbox(ResourceCache<Change> changes)
{
    private const int MaxPerWorkloadAndRequester = 10;
    private const int MaxPerWorkload = 50;
    private const int MaxPerRequester = 200;
    private const int MaxPerNamespace = 1000;

    public bool HasRoom(WorkloadRef workload, string name, string requester)
    {
        var siblings = changes.Under(ClusterCaches.WorkloadKey(workload));
        if (siblings.Any(c => c.Name == name))
        {
            return true;
        }

        var waiting = siblings.Where(Waits).ToList();
        if (waiting.Count >= MaxPerWorkload || waiting.Count(c => c.Requesters.Contains(requester)) >= MaxPerWorkloadAndRequester)
        {
            return false;
        }

        var all = changes.All().Where(c => Waits(c) && c.Workload.Namespace == workload.Namespace).ToList();
        return all.Count < MaxPerNamespace && all.Count(c => c.Requesters.Contains(requester)) < MaxPerRequester;
    }

    private static bool Waits(Change change) => change.Phase is Phase.Pending or Phase.Rejected or Phase.Expired && !change.WasAdmitted;
}
