using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Access without a cluster: policies from files, no approvals, no records. The labels of namespaces are unknown and count as matching.
/// Rules that need the cluster are evaluated without facts.
/// </summary>
internal sealed class StandaloneAccess(Func<IReadOnlyList<SafeguardPolicy>> policies)
    : IClusterAccess,
        ISnapshotSource,
        IReservations,
        IChangeRecords,
        IMachineObserver,
        IRecordFacts,
        IPolicyFacts
{
    public ISnapshotSource Snapshots => this;

    public IReadOnlyList<ILiveReader> LiveReaders => [];

    public IReservations Reservations => this;

    public IChangeRecords Records => this;

    public IMachineObserver Machines => this;

    public IRecordFacts RecordFacts => this;

    public IPolicyFacts PolicyFacts => this;

    public string ApproverRole => "deployguard-approver";

    public IEnumerable<Change> Unreviewed => [];

    public ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel) =>
        ValueTask.FromResult(new ClusterSnapshot { Policies = policies(), ApproveBy = ApproveBy.Hash });

    public ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts) => cluster;

    public Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) =>
        Task.FromResult(cluster);

    /// <summary>There is no other replica.</summary>
    public Task ReserveExposureAsync(
        Request request,
        ClusterSnapshot cluster,
        Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> gains,
        CancellationToken deadline
    ) => Task.CompletedTask;

    public Task<IReadOnlyDictionary<string, BudgetUse>> ReserveBudgetAsync(Verdict verdict, CancellationToken deadline) =>
        Task.FromResult<IReadOnlyDictionary<string, BudgetUse>>(new Dictionary<string, BudgetUse>());

    public Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => Task.CompletedTask;

    public void RecordWithdrawal(Approval vote, string by)
    {
        // Without a cluster there are no records.
    }

    public void RecordAfterwards(Verdict verdict)
    {
        // There is no cluster to write to; the decision log has the decision.
    }

    public void Note(Request request, bool isAdmitted)
    {
        // There is no cluster whose controllers matter.
    }

    public bool NamespaceEnds(string name) => false;

    /// <summary>There is no authorizer, so no user has the verb.</summary>
    public Task<bool> MayAsync(Requester who, string verb, string resource, string inNamespace, string name, CancellationToken deadline) =>
        Task.FromResult(false);

    public bool MayLackRequests(WorkloadRef workload, string username) => false;

    public bool IsStored(string resource, string inNamespace, string name, string uid) => false;

    public Task<int> CountRecordsAsync(string resource, string inNamespace, string username, CancellationToken deadline) =>
        Task.FromResult(0);

    public PolicyReach ReachOf(PolicyMatch match) => PolicyReach.Nothing;

    public FormerPolicy? FormerOf(string name) => null;

    /// <summary>There are no roles and no bindings.</summary>
    public Task<BoundRights?> ReadRightsAsync(CancellationToken deadline) => Task.FromResult<BoundRights?>(null);

    public Task<bool?> MayReadSecretsAsync(CancellationToken deadline) => Task.FromResult<bool?>(null);
}
