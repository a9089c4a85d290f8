namespace DeployGuard.Core.Ports;

/// <summary>Access to a cluster, or to a folder of policies without records: one property for each purpose.</summary>
public interface IClusterAccess
{
    ISnapshotSource Snapshots { get; }

    /// <summary>In the order in which they read: the result of one may decide what the next one has to read.</summary>
    IReadOnlyList<ILiveReader> LiveReaders { get; }

    IReservations Reservations { get; }

    IChangeRecords Records { get; }

    IMachineObserver Machines { get; }

    IRecordFacts RecordFacts { get; }

    IPolicyFacts PolicyFacts { get; }

    /// <summary>Null where no Secrets are read.</summary>
    IOwnSecrets? Secrets => null;
}
