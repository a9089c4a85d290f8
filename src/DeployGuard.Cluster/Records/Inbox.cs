using DeployGuard.Cluster.Caches;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>
/// How many Changes may wait at once: whoever floods fills his own share, never evicts what others wait for, and never stuffs etcd. What
/// finds no place can still be approved by its hash.
/// </summary>
internal sealed class Inbox(ResourceCache<RecordedChange> changes)
{
    private const int MostPerWorkloadAndRequester = 10;
    private const int MostPerWorkload = 50;
    private const int MostPerRequester = 200;
    private const int MostPerNamespace = 1000;

    public bool HasRoom(WorkloadRef workload, string name, string requester)
    {
        var siblings = changes.Under(ClusterCaches.WorkloadKey(workload));
        if (siblings.Any(c => c.Name == name))
        {
            return true;
        }

        var waiting = siblings.Where(Waits).ToList();
        if (waiting.Count >= MostPerWorkload || waiting.Count(c => c.Requesters.Contains(requester)) >= MostPerWorkloadAndRequester)
        {
            return false;
        }

        var all = changes.All().Where(c => Waits(c) && c.Workload.Namespace == workload.Namespace).ToList();
        return all.Count < MostPerNamespace && all.Count(c => c.Requesters.Contains(requester)) < MostPerRequester;
    }

    private static bool Waits(RecordedChange change) => change.Phase is Phase.Pending or Phase.Rejected or Phase.Expired && !change.WasAdmitted;
}
