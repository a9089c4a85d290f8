using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>Counts and logs records that are lost.</summary>
internal sealed class LossCounter(ILogger logger)
{
    private long _count;

    /// <summary>Since the start.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Whether a record may be lost by this fault; any other is a bug.</summary>
    public static bool IsExpected(Exception fault) =>
        fault is ApiException or HttpRequestException or OperationCanceledException or ChangeNameTakenException;

    /// <param name="fault">Null if too many records wait.</param>
    public void Add(string name, Exception? fault)
    {
        Interlocked.Increment(ref _count);
        logger.LogError("the record of {Name} is lost: {Fault}", name, fault?.Message ?? "too many are waiting");
    }
}
