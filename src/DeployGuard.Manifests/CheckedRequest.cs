using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>A workload of the files, as the request that would bring it to the cluster.</summary>
/// <param name="Place">Where the workload is written.</param>
/// <param name="IsDefaulted">The object has the API server's defaults, so its hash is the one in the cluster.</param>
public sealed record CheckedRequest(ManifestPlace Place, WorkloadRequest Request, Func<ClusterSnapshot> ReadSnapshot, bool IsDefaulted)
{
    public ClusterSnapshot Snapshot => ReadSnapshot();

    /// <summary>It is the request of an example, which has everything that a cluster would know.</summary>
    public bool IsOfExample { get; init; }

    /// <summary>The verdict of the webhook.</summary>
    /// <exception cref="ManifestException">The template, which is read only now, cannot be evaluated.</exception>
    public Verdict Decide(PolicyEvaluator evaluator, DateTimeOffset now)
    {
        try
        {
            return evaluator.Evaluate(Request, Snapshot, now);
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{Place}: {wrong.Message}", wrong);
        }
    }
}
