using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// No cluster: policies from files, no approvals, no memory. Labels of namespaces are unknown, and taken to match. What needs the cluster is evaluated as if
/// nothing were known.
/// </summary>
internal sealed class StandaloneAccess(Func<IReadOnlyList<SafeguardPolicy>> policies)
    : IClusterAccess, ISnapshotSource, IReservations, IChangeRecords, IMachineObserver, IRecordFacts
{
    public ISnapshotSource Snapshots => this;

    public IReadOnlyList<ILiveReader> LiveReaders => [];

    public IReservations Reservations => this;

    public IChangeRecords Records => this;

    public IMachineObserver Machines => this;

    public IRecordFacts RecordFacts => this;

    public IEnumerable<Change> Unreviewed => [];

    public ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel) =>
        ValueTask.FromResult(new ClusterSnapshot { Policies = policies(), ApproveBy = ApproveBy.Hash });

    public ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts) => cluster;

    public Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) => Task.FromResult(cluster);

    /// <summary>No other replica admits anything.</summary>
    public Task<ClusterSnapshot> ReserveExposureAsync(
        Request request, ClusterSnapshot cluster, Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> gains, CancellationToken deadline) => Task.FromResult(cluster);

    public Task<IReadOnlyDictionary<string, BudgetUse>> ReserveBudgetAsync(Verdict verdict, CancellationToken deadline) =>
        Task.FromResult<IReadOnlyDictionary<string, BudgetUse>>(new Dictionary<string, BudgetUse>());

    public Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => Task.CompletedTask;

    public void RecordAfterwards(Verdict verdict)
    {
        // There is nowhere to keep it; the decision is on the log.
    }

    public void Note(Request request, bool isAdmitted)
    {
        // There is nowhere to keep it.
    }

    public bool NamespaceEnds(string name) => false;

    /// <summary>Without an authorizer nobody has any verb.</summary>
    public Task<bool> MayAsync(Requester who, string verb, string resource, string inNamespace, string name, CancellationToken deadline) => Task.FromResult(false);

    public Task<int> CountRecordsAsync(string resource, string inNamespace, string username, CancellationToken deadline) => Task.FromResult(0);
}
