using DeployGuard.Cluster;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Changes;

namespace DeployGuard.Webhook.Admission;

/// <summary>Facts from a cluster's caches and live reads; records into it.</summary>
internal sealed class ClusterFacts(ClusterHost cluster) : IFacts
{
    public ValueTask<ClusterView> ViewAsync(Request request, CancellationToken cancel) => cluster.ViewAsync(request, cancel);

    public async ValueTask<ClusterView> ReadLiveAsync(Request request, ClusterView cached, CancellationToken deadline)
    {
        try
        {
            return await cluster.ReadLiveAsync(request, cached, deadline);
        }
        catch (UnavailableException unavailable)
        {
            throw new FactsUnavailableException(unavailable.Message, unavailable);
        }
    }

    public async ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline)
    {
        try
        {
            await cluster.RecordAdmittedAsync(verdict, deadline);
        }
        catch (UnavailableException unavailable)
        {
            throw new FactsUnavailableException(unavailable.Message, unavailable);
        }
    }

    public void RecordAfterwards(Verdict verdict) => cluster.RecordAfterwards(verdict);
}
