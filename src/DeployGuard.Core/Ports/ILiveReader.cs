using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Ports;

/// <summary>Reads one thing from the API server now, because a cache may lag behind.</summary>
public interface ILiveReader
{
    /// <summary>The one flag that this reader serves.</summary>
    RequiredReads Reads { get; }

    /// <summary>The snapshot with the result of the read.</summary>
    /// <exception cref="UnavailableException">It could not be read in time.</exception>
    Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline);
}

/// <summary>A read or write that a decision requires did not succeed in time.</summary>
public sealed class UnavailableException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>What helps, where that is more than to try again; verb first, no full stop at the end.</summary>
    public string Remedy { get; init; } = "";
}
