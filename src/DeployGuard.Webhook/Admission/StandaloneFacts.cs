using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Facts without a cluster: policies from files, no approvals, no memory, labels of namespaces unknown and taken to match. What
/// needs the cluster is judged as if nothing were known.
/// </summary>
internal sealed class StandaloneFacts(Func<IReadOnlyList<SafeguardPolicy>> policies) : IFacts
{
    public ValueTask<ClusterView> ViewAsync(Request request, CancellationToken cancel) =>
        ValueTask.FromResult(new ClusterView { Policies = policies(), ApproveBy = ApproveBy.Hash });

    public ValueTask<ClusterView> ReadLiveAsync(Request request, ClusterView cached, Facts needs, CancellationToken deadline) => ValueTask.FromResult(cached);

    /// <summary>Nobody runs anything in a folder of files.</summary>
    public ValueTask<ClusterView> ReachAsync(Request request, ClusterView view, Func<ClusterView, IReadOnlyList<ReachedPods>> ask, CancellationToken deadline) => ValueTask.FromResult(view);

    /// <summary>Without an authorizer nobody was given any verb.</summary>
    public ValueTask<ClusterView> ExplainAsync(Request request, ClusterView view, CancellationToken deadline) => ValueTask.FromResult(view);

    public ValueTask<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline) => ValueTask.FromResult(false);

    /// <summary>Nobody votes in a folder of files.</summary>
    public ValueTask<int> CountRecordsAsync(string resource, string @namespace, string username, CancellationToken deadline) => ValueTask.FromResult(0);

    public void Saw(Request request, bool isLetIn)
    {
        // There is nowhere to keep it.
    }

    public bool NamespaceEnds(string name) => false;

    public IEnumerable<RecordedChange> Unreviewed => [];

    /// <summary>Nobody else rolls out in a folder of files.</summary>
    public ValueTask<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, BudgetUse>>(new Dictionary<string, BudgetUse>());

    public ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => ValueTask.CompletedTask;

    public void RecordAfterwards(Verdict verdict)
    {
        // There is nowhere to keep it; the decision is on the log.
    }
}
