using System.Threading.Channels;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Records;

/// <summary>Puts decisions on record: a gated allow before it is answered, everything else after, in order, by one worker with a bounded queue.</summary>
internal sealed class ChangeRecorder(ChangeWriter writer, TimeProvider time, ILogger logger)
{
    private const int MostWaiting = 1000;
    private static readonly TimeSpan s_longestBeforeAnswer = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestAfterwards = TimeSpan.FromSeconds(20);

    private readonly Channel<ChangeEntry> _queue = Channel.CreateBounded<ChangeEntry>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private long _failed;

    /// <summary>Records that were lost since the start.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <exception cref="UnavailableException">It could not be written in time.</exception>
    public async Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_longestBeforeAnswer);
        try
        {
            await writer.WriteAsync(ChangeEntry.Of(verdict, Phase.Admitted), cap.Token);
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            Lost(verdict.Change.Name, fault);
            throw new UnavailableException("its Change could not be written in time", fault);
        }
    }

    /// <summary>Queues what comes on record after the answer: Pending after a refusal, Admitted after what passed without being gated.</summary>
    public void RecordAfterwards(Verdict verdict)
    {
        var entry = ChangeEntry.Of(verdict, verdict.IsAllowed ? Phase.Admitted : Phase.Pending);
        if (!_queue.Writer.TryWrite(entry))
        {
            Lost(entry.Name, null);
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (var entry in _queue.Reader.ReadAllAsync(cancel))
        {
            using var cap = new CancellationTokenSource(s_longestAfterwards, time);
            try
            {
                await writer.WriteAsync(entry, cap.Token);
            }
            catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
            {
                Lost(entry.Name, fault);
            }
        }
    }

    /// <summary>No more is taken; what waits is written.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    private void Lost(string name, Exception? fault)
    {
        Interlocked.Increment(ref _failed);
        logger.LogError("the record of change {Change} is lost: {Fault}", name, fault?.Message ?? "too many are waiting");
    }
}
