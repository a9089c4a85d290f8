using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <param name="Source">File and line of the workload.</param>
/// <param name="IsDefaulted">The object carries the API server's defaults, so that its hash is the one the cluster will see.</param>
public sealed record CheckedRequest(string Source, WorkloadRequest Request, Func<ClusterSnapshot> ReadView, bool IsDefaulted)
{
    public ClusterSnapshot View => ReadView();

    /// <summary>The verdict of the webhook.</summary>
    /// <exception cref="ManifestException">The template, which is read only now, cannot be evaluated.</exception>
    public Verdict Decide(PolicyEvaluator guard, DateTimeOffset now)
    {
        try
        {
            return guard.Evaluate(Request, View, now);
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{Source}: {wrong.Message}", wrong);
        }
    }
}
