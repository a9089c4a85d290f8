using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>Reads live whether the requester has the verb <c>exempt</c> on the policies whose scope the object leaves.</summary>
internal sealed class ExemptionReader(PolicyEvaluator evaluator, IRecordFacts access, TimeProvider time) : ILiveReader
{
    public RequiredReads Reads => RequiredReads.Exemption;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline)
    {
        var mayLeave = new HashSet<string>();
        foreach (var policy in evaluator.PoliciesEscaped(evaluated.Request, cluster, time.GetUtcNow()))
        {
            if (await access.MayAsync(evaluated.Request.Requester, "exempt", "safeguardpolicies", "", policy, deadline))
            {
                mayLeave.Add(policy);
            }
        }

        return cluster with
        {
            LeavablePolicies = mayLeave,
        };
    }
}
