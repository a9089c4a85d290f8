using System.Threading.Channels;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// Records decisions: an admission that needs a record before the answer, all others after it, in order, by one worker with a bounded
/// queue.
/// </summary>
internal sealed class ChangeRecorder(
    ChangeWriter changes,
    TemplateWriter templates,
    EventWriter events,
    Inbox inbox,
    Func<Approval, IEnumerable<Change>> votedOn,
    TimeProvider time,
    ILogger logger
) : IChangeRecords
{
    private const int MaxWaiting = 1000;

    /// <summary>
    /// Whole templates that wait to be written. Without a limit a flood of large ones would exhaust the memory of the replica.
    /// </summary>
    private const long MaxTemplateBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan s_writeTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_backgroundWriteTimeout = TimeSpan.FromSeconds(20);

    private readonly Channel<Entry> _queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private long _failed;
    private long _overflowed;
    private long _templatesOverflowed;
    private long _templateBytes;

    /// <summary>Records that were lost since the start.</summary>
    public long Failed => Interlocked.Read(ref _failed);

    /// <summary>Changes for which the inbox had no room since the start.</summary>
    public long Overflowed => Interlocked.Read(ref _overflowed);

    /// <summary>Whole templates for which their namespace had no room since the start.</summary>
    public long TemplatesOverflowed => Interlocked.Read(ref _templatesOverflowed);

    /// <exception cref="UnavailableException">It could not be written in time.</exception>
    public async Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_writeTimeout);
        string uid;
        try
        {
            uid = await changes.WriteAsync(ChangeEntry.Of(verdict), cap.Token);
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            Lost(verdict.Evaluated.Name, fault);
            throw new UnavailableException(
                fault is ChangeNameTakenException ? fault.Message : "its Change could not be written in time",
                fault
            );
        }

        var (told, template) = (EventEntry.Of(verdict), TemplateEntry.OfOrNull(verdict));
        if (told is not null || template is not null)
        {
            Enqueue(new Entry(null, told) { Template = template, ChangeUid = uid });
        }
    }

    /// <summary>
    /// Queues what is recorded after the answer: refused requests that wait for approval, admissions that need no record first, and their
    /// Events.
    /// </summary>
    public void RecordAfterwards(Verdict verdict)
    {
        var belongs = (verdict.IsAllowed || verdict.AwaitsApproval) && verdict.Evaluated.After is not null;
        foreach (var recovered in ChangeEntry.Recovered(verdict))
        {
            Enqueue(new Entry(recovered, null));
        }

        Enqueue(
            new Entry(belongs ? ChangeEntry.Of(verdict) : null, EventEntry.Of(verdict))
            {
                Template = belongs ? TemplateEntry.OfOrNull(verdict) : null,
            }
        );
    }

    public void RecordWithdrawal(Approval vote, string by) => Enqueue(new Entry(null, null) { Withdrawal = new Withdrawal(vote, by) });

    public async Task RunAsync(CancellationToken cancel)
    {
        await foreach (var entry in _queue.Reader.ReadAllAsync(cancel))
        {
            using var cap = new CancellationTokenSource(s_backgroundWriteTimeout, time);
            try
            {
                await WriteAsync(entry, cap.Token);
            }
            catch (Exception fault) when (IsExpected(fault))
            {
                Lost(entry.Name, fault);
            }
            finally
            {
                Interlocked.Add(ref _templateBytes, -(entry.Template?.Bytes ?? 0));
            }
        }
    }

    /// <summary>Takes no further entries; the queued ones are written.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    private async Task WriteAsync(Entry entry, CancellationToken cancel)
    {
        if (entry is { Change: null, Template: { } admitted })
        {
            await WriteTemplateAsync(admitted, entry.ChangeUid, cancel);
        }

        if (entry.Change is { } change)
        {
            if (
                change.Transition.Phase is Phase.Pending or Phase.Rejected
                && !inbox.HasRoom(change.Workload, change.Name, change.Requester ?? "")
            )
            {
                Interlocked.Increment(ref _overflowed);
            }
            else
            {
                var uid = await changes.WriteAsync(change, cancel);
                if (entry.Template is { } template)
                {
                    await WriteTemplateAsync(template, uid, cancel);
                }

                await events.WriteAsync(
                    new EventEntry(
                        EventSubject.OfChange(change.Workload.Namespace, change.Name, uid),
                        change.Transition.Phase is not Phase.Admitted,
                        change.Transition.Reason,
                        change.Requester is null
                            ? change.Transition.Message
                            : $"requested by {change.Requester}: {change.Transition.Message}"
                    ),
                    cancel
                );
            }
        }

        if (entry.Event is { } told)
        {
            await events.WriteAsync(told, cancel);
        }

        if (entry.Withdrawal is { } withdrawal)
        {
            foreach (var voted in votedOn(withdrawal.Vote))
            {
                await changes.AlterAsync(
                    voted,
                    status => VoteStatus.Withdraw(status, withdrawal.Vote.Name, withdrawal.Vote.CreatedAt, withdrawal.By, time.GetUtcNow()),
                    cancel
                );
            }
        }
    }

    /// <summary>If it fails, the Change and its Event are written nevertheless.</summary>
    private async Task WriteTemplateAsync(TemplateEntry template, string changeUid, CancellationToken cancel)
    {
        try
        {
            if (!await templates.WriteAsync(template, changeUid, cancel))
            {
                Interlocked.Increment(ref _templatesOverflowed);
                logger.LogWarning("namespace {Namespace} has no room for the whole template of {Name}", template.Namespace, template.Name);
            }
        }
        catch (Exception fault) when (IsExpected(fault))
        {
            Lost($"ChangeTemplate {template.Namespace}/{template.Name}", fault);
        }
    }

    private void Enqueue(Entry entry)
    {
        var bytes = entry.Template?.Bytes ?? 0;
        if (bytes > 0 && Interlocked.Add(ref _templateBytes, bytes) > MaxTemplateBytes)
        {
            Interlocked.Add(ref _templateBytes, -bytes);
            Lost($"ChangeTemplate {entry.Template?.Namespace}/{entry.Template?.Name}", null);
            (entry, bytes) = (entry with { Template = null }, 0);
        }

        if (!_queue.Writer.TryWrite(entry))
        {
            Interlocked.Add(ref _templateBytes, -bytes);
            Lost(entry.Name, null);
        }
    }

    private static bool IsExpected(Exception fault) =>
        fault is ApiException or HttpRequestException or OperationCanceledException or ChangeNameTakenException;

    private void Lost(string name, Exception? fault)
    {
        Interlocked.Increment(ref _failed);
        logger.LogError("the record of {Name} is lost: {Fault}", name, fault?.Message ?? "too many are waiting");
    }

    private sealed record Withdrawal(Approval Vote, string By);

    private sealed record Entry(ChangeEntry? Change, EventEntry? Event)
    {
        public TemplateEntry? Template { get; init; }

        /// <summary>Of the Change that was written before the answer.</summary>
        public string ChangeUid { get; init; } = "";

        /// <summary>A vote that was withdrawn.</summary>
        public Withdrawal? Withdrawal { get; init; }

        public string Name =>
            Change?.Name ?? Template?.Name ?? Withdrawal?.Vote.Name ?? $"{Event?.About.Kind} {Event?.About.Namespace}/{Event?.About.Name}";
    }
}
