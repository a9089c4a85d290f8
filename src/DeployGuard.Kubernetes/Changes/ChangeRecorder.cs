using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// Records decisions: an admission that needs a record before the answer, all others after it, through a bounded queue. The records of one
/// Change are written in order; those of different Changes by a few workers side by side, so that a Change that many people write at once
/// does not delay the others.
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
    private const int Workers = 4;

    /// <summary>
    /// Whole templates that wait to be written. Without a limit a flood of large ones would exhaust the memory of the replica.
    /// </summary>
    private const long MaxTemplateBytes = 64 * 1024 * 1024;

    private static readonly TimeSpan s_writeTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_backgroundWriteTimeout = TimeSpan.FromSeconds(20);

    private readonly OrderedQueue<RecordEntry> _queue = new(MaxWaiting, Workers);
    private readonly RecordWriter _writer = new(changes, templates, events, inbox, logger);
    private readonly LossCounter _losses = new(logger);
    private long _templateBytes;

    /// <summary>Records that were lost since the start.</summary>
    public long Failed => _losses.Count + _writer.Failed;

    /// <summary>Changes for which the inbox had no room since the start.</summary>
    public long Overflowed => _writer.Overflowed;

    /// <summary>Whole templates for which their namespace had no room since the start.</summary>
    public long TemplatesOverflowed => _writer.TemplatesOverflowed;

    /// <exception cref="UnavailableException">It could not be written in time.</exception>
    public async Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(s_writeTimeout);
        WrittenChange written;
        try
        {
            written = await changes.WriteAsync(ChangeEntry.Of(verdict, time.GetUtcNow()), WriteTurn.First, cap.Token);
        }
        catch (Exception fault) when (LossCounter.IsExpected(fault))
        {
            _losses.Add(verdict.Evaluated.Name, fault);
            throw new UnavailableException(
                fault is ChangeNameTakenException ? fault.Message : "its Change could not be written in time",
                fault
            );
        }

        var (told, template) = (EventEntry.Of(verdict), TemplateEntry.OfOrNull(verdict));
        if (told is not null || template is not null)
        {
            Enqueue(
                new RecordEntry(null, told)
                {
                    Template = template,
                    Written = written,
                    Key = KeyOf(verdict),
                }
            );
        }
    }

    /// <summary>
    /// Queues what is recorded after the answer: refused requests that wait for approval or have a Change already, admissions that need
    /// no record first, and their Events.
    /// </summary>
    public void RecordAfterwards(Verdict verdict)
    {
        var now = time.GetUtcNow();
        var belongs = (verdict.IsAllowed || verdict.AwaitsApproval || verdict.IsRefusedOnRecord) && verdict.Evaluated.After is not null;
        foreach (var recovered in ChangeEntry.Recovered(verdict, now))
        {
            Enqueue(new RecordEntry(recovered, null) { Key = KeyOf(recovered.Workload.Namespace, recovered.Name) });
        }

        Enqueue(
            new RecordEntry(belongs ? ChangeEntry.Of(verdict, now) : null, EventEntry.Of(verdict))
            {
                Key = KeyOf(verdict),
                Template = belongs ? TemplateEntry.OfOrNull(verdict) : null,
            }
        );
    }

    public void RecordWithdrawal(Approval vote, string by)
    {
        foreach (var voted in votedOn(vote))
        {
            Enqueue(
                new RecordEntry(null, null)
                {
                    Key = KeyOf(voted.Workload.Namespace, voted.Name),
                    Withdrawal = new Withdrawal(voted, vote, by, time.GetUtcNow()),
                }
            );
        }
    }

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(HandleAsync, cancel);

    /// <summary>Takes no further entries; the queued ones are written.</summary>
    public void Complete() => _queue.Complete();

    private async Task HandleAsync(RecordEntry entry)
    {
        using var cap = new CancellationTokenSource(s_backgroundWriteTimeout, time);
        try
        {
            await _writer.WriteAsync(entry, cap.Token);
        }
        catch (Exception fault) when (LossCounter.IsExpected(fault))
        {
            _losses.Add(entry.Name, fault);
        }
        finally
        {
            Interlocked.Add(ref _templateBytes, -(entry.Template?.Bytes ?? 0));
        }
    }

    private void Enqueue(RecordEntry entry)
    {
        var bytes = entry.Template?.Bytes ?? 0;
        if (bytes > 0 && Interlocked.Add(ref _templateBytes, bytes) > MaxTemplateBytes)
        {
            Interlocked.Add(ref _templateBytes, -bytes);
            _losses.Add($"ChangeTemplate {entry.Template?.Namespace}/{entry.Template?.Name}", null);
            (entry, bytes) = (entry with { Template = null }, 0);
        }

        if (!_queue.TryAdd(entry.Key, entry))
        {
            Interlocked.Add(ref _templateBytes, -bytes);
            _losses.Add(entry.Name, null);
        }
    }

    private static string KeyOf(Verdict verdict) => KeyOf(verdict.Evaluated.Request.Target.Namespace, verdict.Evaluated.Name);

    private static string KeyOf(string @namespace, string change) => $"{@namespace}/{change}";
}
