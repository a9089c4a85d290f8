using DeployGuard.Core.Ports;
using DeployGuard.Kubernetes.Decisions;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The caches of a replica, and nothing that waits for the API server: no live reads, reservations or records. They cost what the API
/// server costs, and are measured there.
/// </summary>
internal sealed class CachedAccess(SnapshotSource snapshots) : IClusterAccess
{
    private readonly StandaloneAccess _nothing = new(() => []);

    public ISnapshotSource Snapshots => snapshots;

    public IReadOnlyList<ILiveReader> LiveReaders => [];

    public IReservations Reservations => _nothing;

    public IChangeRecords Records => _nothing;

    public IMachineObserver Machines => _nothing;

    public IRecordFacts RecordFacts => _nothing;

    public IPolicyFacts PolicyFacts => _nothing;
}
