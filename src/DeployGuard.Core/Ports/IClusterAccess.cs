namespace DeployGuard.Core.Ports;

/// <summary>What decisions need of the world outside: a cluster, or a folder of policies without any memory. A part for each purpose.</summary>
public interface IClusterAccess
{
    ISnapshotSource Snapshots { get; }

    /// <summary>In the order in which they are asked: what a reader finds may decide what the next one has to look for.</summary>
    IReadOnlyList<ILiveReader> LiveReaders { get; }

    IReservations Reservations { get; }

    IChangeRecords Records { get; }

    IMachineObserver Machines { get; }

    IRecordFacts RecordFacts { get; }
}
