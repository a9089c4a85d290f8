using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Files;

/// <param name="Source">File and line of the workload.</param>
/// <param name="IsDefaulted">The object carries the API server's defaults, so that its hash is the one the cluster will see.</param>
public sealed record CheckedRequest(string Source, WorkloadRequest Request, Func<ClusterView> ReadView, bool IsDefaulted)
{
    public ClusterView View => ReadView();

    /// <summary>The verdict of the webhook.</summary>
    /// <exception cref="ManifestException">Something in the template, which is read only now, cannot be judged.</exception>
    public Verdict Decide(Guard guard, DateTimeOffset now)
    {
        try
        {
            return guard.Decide(Request, View, now);
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{Source}: {wrong.Message}", wrong);
        }
    }
}
