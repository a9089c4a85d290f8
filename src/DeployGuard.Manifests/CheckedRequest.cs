using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <param name="Source">File and line of the workload.</param>
/// <param name="IsDefaulted">The object has the API server's defaults, so its hash is the one in the cluster.</param>
public sealed record CheckedRequest(string Source, WorkloadRequest Request, Func<ClusterSnapshot> ReadSnapshot, bool IsDefaulted)
{
    public ClusterSnapshot Snapshot => ReadSnapshot();

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
            throw new ManifestException($"{Source}: {wrong.Message}", wrong);
        }
    }
}
