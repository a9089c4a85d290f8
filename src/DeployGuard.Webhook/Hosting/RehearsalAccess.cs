using DeployGuard.Core.Admission;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Hosting;

/// <summary>One snapshot for every request, and nothing that reads, reserves or records.</summary>
internal sealed class RehearsalAccess(ClusterSnapshot snapshot) : IClusterAccess, ISnapshotSource
{
    private readonly StandaloneAccess _nothing = new(() => snapshot.Policies);

    public ISnapshotSource Snapshots => this;

    public IReadOnlyList<ILiveReader> LiveReaders => [];

    public IReservations Reservations => _nothing;

    public IChangeRecords Records => _nothing;

    public IMachineObserver Machines => _nothing;

    public IRecordFacts RecordFacts => _nothing;

    public IPolicyFacts PolicyFacts => _nothing;

    public ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel) => ValueTask.FromResult(snapshot);

    public ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts) => cluster;

    public Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) =>
        Task.FromResult(cluster);
}
