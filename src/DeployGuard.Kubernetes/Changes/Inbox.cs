using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// Bounds how many Changes may wait at once. A flood fills only its own share: it never evicts the Changes of others, nor fills etcd. A
/// revision whose Change has no room can still be approved by its hash.
/// </summary>
internal sealed class Inbox(ResourceCache<Change> changes)
{
    private const int MaxPerWorkloadAndRequester = 10;
    private const int MaxPerWorkload = 50;
    private const int MaxPerRequester = 200;
    private const int MaxPerNamespace = 1000;

    /// <summary>Whether a Change may be created; true also for one that exists.</summary>
    public bool HasRoom(WorkloadRef workload, string name, string requester)
    {
        var siblings = changes.Under(ChangeIndex.OfWorkload(workload));
        if (siblings.Any(c => c.Name == name))
        {
            return true;
        }

        var ofWorkload = siblings.Where(ChangeIndex.IsNeverAdmitted).ToList();
        var ofNamespace = changes.Under(ChangeIndex.NeverAdmitted(workload.Namespace));
        return ofWorkload.Count < MaxPerWorkload
            && ofWorkload.Count(c => c.Requesters.Contains(requester)) < MaxPerWorkloadAndRequester
            && ofNamespace.Count < MaxPerNamespace
            && ofNamespace.Count(c => c.Requesters.Contains(requester)) < MaxPerRequester;
    }
}
