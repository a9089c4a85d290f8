using DeployGuard.Cluster;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Admission;

/// <summary>Facts from a cluster's caches and live reads; records into it.</summary>
internal sealed class ClusterFacts(ClusterHost cluster) : IFacts
{
    public IEnumerable<RecordedChange> Unreviewed => cluster.Unreviewed;

    public ValueTask<ClusterView> ViewAsync(Request request, CancellationToken cancel) => cluster.ViewAsync(request, cancel);

    public ValueTask<ClusterView> ReadLiveAsync(Request request, ClusterView cached, Facts needs, CancellationToken deadline) =>
        OrUnavailableAsync(cluster.ReadLiveAsync(request, cached, needs, deadline));

    public ValueTask<ClusterView> ReachAsync(Request request, ClusterView view, Func<ClusterView, IReadOnlyList<ReachedPods>> ask, CancellationToken deadline) =>
        OrUnavailableAsync(cluster.ReachAsync(request, view, ask, deadline));

    public async ValueTask<ClusterView> ExplainAsync(Request request, ClusterView view, CancellationToken deadline) => await cluster.ExplainAsync(request, view, deadline);

    public ValueTask<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline) =>
        OrUnavailableAsync(cluster.MayAsync(who, verb, resource, @namespace, name, deadline));

    public ValueTask<int> CountRecordsAsync(string resource, string @namespace, string username, CancellationToken deadline) =>
        OrUnavailableAsync(cluster.CountRecordsAsync(resource, @namespace, username, deadline));

    public void Saw(Request request, bool isLetIn) => cluster.Saw(request, isLetIn);

    public bool NamespaceEnds(string name) => cluster.NamespaceEnds(name);

    public ValueTask<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline) => OrUnavailableAsync(cluster.ReserveAsync(verdict, deadline));

    public async ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => await OrUnavailableAsync(RecordAsync(verdict, deadline));

    public void RecordAfterwards(Verdict verdict) => cluster.RecordAfterwards(verdict);

    private async Task<bool> RecordAsync(Verdict verdict, CancellationToken deadline)
    {
        await cluster.RecordAdmittedAsync(verdict, deadline);
        return true;
    }

    private static async ValueTask<T> OrUnavailableAsync<T>(Task<T> asked)
    {
        try
        {
            return await asked;
        }
        catch (UnavailableException unavailable)
        {
            throw new FactsUnavailableException(unavailable.Message, unavailable);
        }
    }
}
