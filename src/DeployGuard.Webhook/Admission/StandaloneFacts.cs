using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Facts without a cluster: policies from files, no approvals, no memory, labels of namespaces unknown and taken to match. What
/// needs the cluster is judged as if nothing were known.
/// </summary>
internal sealed class StandaloneFacts(Func<IReadOnlyList<SafeguardPolicy>> policies) : IFacts
{
    public ValueTask<ClusterView> ViewAsync(Request request, CancellationToken cancel) =>
        ValueTask.FromResult(new ClusterView { Policies = policies(), ApproveBy = ApproveBy.Hash });

    public ValueTask<ClusterView> ReadLiveAsync(WorkloadRequest request, ClusterView cached, CancellationToken deadline) => ValueTask.FromResult(cached);

    /// <summary>Without an authorizer nobody was given any verb.</summary>
    public ValueTask<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline) => ValueTask.FromResult(false);

    public bool NamespaceEnds(string name) => false;

    public IEnumerable<RecordedChange> Unreviewed => [];

    public ValueTask RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => ValueTask.CompletedTask;

    public void RecordAfterwards(Verdict verdict)
    {
        // There is nowhere to keep it; the decision is on the log.
    }
}
