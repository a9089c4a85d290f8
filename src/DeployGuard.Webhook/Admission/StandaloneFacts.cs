using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Facts without a cluster: policies from files, no approvals, no memory, labels of namespaces unknown and taken to match. What
/// needs the cluster is judged as if nothing were known.
/// </summary>
internal sealed class StandaloneFacts(Func<IReadOnlyList<SafeguardPolicy>> policies) : IFacts
{
    public ValueTask<ClusterSnapshot> ViewAsync(Request request, CancellationToken cancel) =>
        ValueTask.FromResult(new ClusterSnapshot { Policies = policies(), ApproveBy = ApproveBy.Hash });

    public ValueTask<ClusterSnapshot> ReadLiveAsync(Request request, ClusterSnapshot cluster, RequiredReads needs, CancellationToken deadline) => ValueTask.FromResult(cluster);

    /// <summary>Nobody runs anything in a folder of files.</summary>
    public ValueTask<ClusterSnapshot> ReachAsync(Request request, ClusterSnapshot cluster, Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> ask, CancellationToken deadline) => ValueTask.FromResult(cluster);

    /// <summary>Without an authorizer nobody was given any verb.</summary>
    public ValueTask<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) => ValueTask.FromResult(cluster);

    public ValueTask<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline) => ValueTask.FromResult(false);

    /// <summary>Nobody votes in a folder of files.</summary>
    public ValueTask<int> CountRecordsAsync(string resource, string @namespace, string username, CancellationToken deadline) => ValueTask.FromResult(0);

    public void Saw(Request request, bool isLetIn)
    {
        // There is nowhere to keep it.
    }

    public bool NamespaceEnds(string name) => false;

    public IEnumerable<Change> Unreviewed => [];

    /// <summary>Nobody else rolls out in a folder of files.</summary>
    public ValueTask<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, BudgetUse>>(new Dictionary<string, BudgetUse>());

    public ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => ValueTask.CompletedTask;

    public void RecordAfterwards(Verdict verdict)
    {
        // There is nowhere to keep it; the decision is on the log.
    }
}
