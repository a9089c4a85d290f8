using System.Threading.Channels;
using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Records;

/// <summary>Puts decisions on record: a gated allow before it is answered, everything else after, in order, by one worker with a bounded queue.</summary>
internal sealed class ChangeRecorder(ChangeWriter changes, EventWriter events, Inbox inbox, TimeProvider time, ILogger logger)
{
    private const int MostWaiting = 1000;
    private static readonly TimeSpan s_longestBeforeAnswer = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestAfterwards = TimeSpan.FromSeconds(20);

    private readonly Channel<Entry> _queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private long _failed;
    private long _overflowed;

    /// <summary>Records that were lost since the start.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Changes that found no place in the inbox since the start.</summary>
    public long Overflowed => Interlocked.Read(ref _overflowed);

    /// <exception cref="UnavailableException">It could not be written in time.</exception>
    public async Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_longestBeforeAnswer);
        try
        {
            await changes.WriteAsync(ChangeEntry.Of(verdict), cap.Token);
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            Lost(verdict.Change.Name, fault);
            throw new UnavailableException(fault is ChangeNameTakenException ? fault.Message : "its Change could not be written in time", fault);
        }

        if (EventEntry.Of(verdict) is { } told)
        {
            Enqueue(new Entry(null, told));
        }
    }

    /// <summary>Queues what comes on record after the answer: what waits after a refusal, what passed without being gated, and the Events of both.</summary>
    public void RecordAfterwards(Verdict verdict)
    {
        var belongs = (verdict.IsAllowed || verdict.AwaitsApproval) && verdict.Change.After is not null;
        foreach (var recovered in ChangeEntry.Recovered(verdict))
        {
            Enqueue(new Entry(recovered, null));
        }

        Enqueue(new Entry(belongs ? ChangeEntry.Of(verdict) : null, EventEntry.Of(verdict)));
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (var entry in _queue.Reader.ReadAllAsync(cancel))
        {
            using var cap = new CancellationTokenSource(s_longestAfterwards, time);
            try
            {
                await WriteAsync(entry, cap.Token);
            }
            catch (Exception fault) when (IsExpected(fault))
            {
                Lost(entry.Name, fault);
            }
        }
    }

    /// <summary>No more is taken; what waits is written.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    private async Task WriteAsync(Entry entry, CancellationToken cancel)
    {
        if (entry.Change is { } change)
        {
            if (change.Transition.Phase is Phase.Pending or Phase.Rejected && !inbox.HasRoom(change.Workload, change.Name, change.Requester ?? ""))
            {
                Interlocked.Increment(ref _overflowed);
            }
            else
            {
                var uid = await changes.WriteAsync(change, cancel);
                await events.WriteAsync(
                    new EventEntry(
                        EventSubject.OfChange(change.Workload.Namespace, change.Name, uid),
                        change.Transition.Phase is not Phase.Admitted,
                        change.Transition.Reason,
                        change.Requester is null ? change.Transition.Message : $"asked by {change.Requester}: {change.Transition.Message}"),
                    cancel);
            }
        }

        if (entry.Event is { } told)
        {
            await events.WriteAsync(told, cancel);
        }
    }

    private void Enqueue(Entry entry)
    {
        if (!_queue.Writer.TryWrite(entry))
        {
            Lost(entry.Name, null);
        }
    }

    private static bool IsExpected(Exception fault) => fault is ApiException or HttpRequestException or OperationCanceledException or ChangeNameTakenException;

    private void Lost(string name, Exception? fault)
    {
        Interlocked.Increment(ref _failed);
        logger.LogError("the record of {Name} is lost: {Fault}", name, fault?.Message ?? "too many are waiting");
    }

    private sealed record Entry(ChangeEntry? Change, EventEntry? Event)
    {
        public string Name => Change?.Name ?? $"{Event?.About.Kind} {Event?.About.Namespace}/{Event?.About.Name}";
    }
}
