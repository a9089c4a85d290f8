using DeployGuard.Core.Admission;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Decides by snapshots alone: nothing is read live, reserved or recorded. For reviews that are no requests of a cluster, as before
/// readiness and in the benchmarks.
/// </summary>
internal sealed class SnapshotAccess(ISnapshotSource snapshots) : IClusterAccess
{
    private readonly StandaloneAccess _nothing = new(() => []);

    public SnapshotAccess(ClusterSnapshot snapshot)
        : this(new Fixed(snapshot)) { }

    public ISnapshotSource Snapshots => snapshots;

    public IReadOnlyList<ILiveReader> LiveReaders => [];

    public IReservations Reservations => _nothing;

    public IChangeRecords Records => _nothing;

    public IMachineObserver Machines => _nothing;

    public IRecordFacts RecordFacts => _nothing;

    public IPolicyFacts PolicyFacts => _nothing;

    /// <summary>One snapshot for every request.</summary>
    private sealed class Fixed(ClusterSnapshot snapshot) : ISnapshotSource
    {
        public ValueTask<ClusterSnapshot> TakeAsync(Request request, CancellationToken cancel) => ValueTask.FromResult(snapshot);

        public ClusterSnapshot Complete(Request request, ClusterSnapshot cluster, SnapshotParts parts) => cluster;

        public Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) =>
            Task.FromResult(cluster);
    }
}
