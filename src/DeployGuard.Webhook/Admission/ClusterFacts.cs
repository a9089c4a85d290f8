using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Kubernetes;
using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Webhook.Admission;

/// <summary>Facts from a cluster's caches and live reads; records into it.</summary>
internal sealed class ClusterFacts(ClusterHost host) : IFacts
{
    public IEnumerable<Change> Unreviewed => host.Unreviewed;

    public ValueTask<ClusterSnapshot> ViewAsync(Request request, CancellationToken cancel) => host.ViewAsync(request, cancel);

    public ValueTask<ClusterSnapshot> ReadLiveAsync(Request request, ClusterSnapshot cluster, RequiredReads needs, CancellationToken deadline) =>
        OrUnavailableAsync(host.ReadLiveAsync(request, cluster, needs, deadline));

    public ValueTask<ClusterSnapshot> ReachAsync(Request request, ClusterSnapshot cluster, Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> ask, CancellationToken deadline) =>
        OrUnavailableAsync(host.ReachAsync(request, cluster, ask, deadline));

    public async ValueTask<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) => await host.ExplainAsync(request, cluster, deadline);

    public ValueTask<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline) =>
        OrUnavailableAsync(host.MayAsync(who, verb, resource, @namespace, name, deadline));

    public ValueTask<int> CountRecordsAsync(string resource, string @namespace, string username, CancellationToken deadline) =>
        OrUnavailableAsync(host.CountRecordsAsync(resource, @namespace, username, deadline));

    public void Saw(Request request, bool isLetIn) => host.Saw(request, isLetIn);

    public bool NamespaceEnds(string name) => host.NamespaceEnds(name);

    public ValueTask<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline) => OrUnavailableAsync(host.ReserveAsync(verdict, deadline));

    public async ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => await OrUnavailableAsync(RecordAsync(verdict, deadline));

    public void RecordAfterwards(Verdict verdict) => host.RecordAfterwards(verdict);

    private async Task<bool> RecordAsync(Verdict verdict, CancellationToken deadline)
    {
        await host.RecordAdmittedAsync(verdict, deadline);
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
