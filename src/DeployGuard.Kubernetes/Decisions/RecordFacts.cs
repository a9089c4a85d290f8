using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Kubernetes.Decisions;

/// <summary>What the rules of DeployGuard's own objects rest on, from caches, and now where a cache is not good enough.</summary>
internal sealed class RecordFacts(
    ClusterCaches caches,
    LiveFacts live,
    AccessReviews access,
    Inbox inbox,
    Func<IEnumerable<Change>> unreviewed
) : IRecordFacts
{
    public IEnumerable<Change> Unreviewed => unreviewed();

    public bool NamespaceEnds(string name) => caches.Namespaces.Find(ObjectKey.Of("", name)) is { Ends: true };

    public async Task<bool> MayAsync(
        Requester who,
        string verb,
        string resource,
        string inNamespace,
        string name,
        CancellationToken deadline
    )
    {
        try
        {
            return await access.MayAsync(who, verb, resource, inNamespace, name, deadline);
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            throw new UnavailableException($"the API server did not say in time whether {who.Username} may {verb} {resource}", fault);
        }
    }

    public bool MayLackRequests(WorkloadRef workload, string username) => inbox.MayLack(workload, username);

    public bool IsStored(string resource, string inNamespace, string name, string uid)
    {
        var key = ObjectKey.Of(inNamespace, name);
        return uid.Length > 0 && (resource == "breakglasses" ? caches.BreakGlasses.Find(key)?.Uid : caches.Approvals.Find(key)?.Uid) == uid;
    }

    /// <summary>
    /// Far from the limit the caches are good enough; near it they are counted now, which takes older API servers some time where a
    /// namespace has many.
    /// </summary>
    public async Task<int> CountRecordsAsync(string resource, string inNamespace, string username, CancellationToken deadline)
    {
        var known =
            resource == "breakglasses"
                ? caches.BreakGlasses.Under(inNamespace).Count(g => g.RequestedBy.Username == username)
                : caches.Approvals.Under(inNamespace).Count(a => a.Approver.Username == username);
        return known < RecordLimits.MaxRecords / 2
            ? known
            : await live.CountAsync(resource, inNamespace, RecordLabels.OfCreator(username), deadline);
    }
}
