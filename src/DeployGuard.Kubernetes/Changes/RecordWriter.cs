using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>Writes one queued record: the Change, its whole template and the Events.</summary>
internal sealed class RecordWriter(ChangeWriter changes, TemplateWriter templates, EventWriter events, Inbox inbox, ILogger logger)
{
    private readonly LossCounter _losses = new(logger);
    private long _overflowed;
    private long _templatesOverflowed;

    /// <summary>Whole templates that were lost since the start.</summary>
    public long Failed => _losses.Count;

    /// <summary>Changes for which the inbox had no room since the start.</summary>
    public long Overflowed => Interlocked.Read(ref _overflowed);

    /// <summary>Whole templates for which their namespace had no room since the start.</summary>
    public long TemplatesOverflowed => Interlocked.Read(ref _templatesOverflowed);

    /// <exception cref="ApiException">The API server refused it, and a retry does not help.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    /// <exception cref="OperationCanceledException">Time was up.</exception>
    /// <exception cref="ChangeNameTakenException">The Change of this name is of another revision.</exception>
    public async Task WriteAsync(RecordEntry entry, CancellationToken cancel)
    {
        if (entry is { Written: { } written, Template: { } admitted })
        {
            await WriteTemplateAsync(admitted, written, cancel);
        }

        if (entry.Change is { } change)
        {
            await WriteChangeAsync(change, entry.Template, cancel);
        }

        if (entry.Event is { } told)
        {
            await events.WriteAsync(told, cancel);
        }

        if (entry.Withdrawal is { } gone)
        {
            await changes.AlterAsync(
                gone.Voted,
                status => VoteStatus.Withdraw(status, gone.Vote.Name, gone.Vote.Uid, gone.Vote.CreatedAt, gone.By, gone.At),
                cancel
            );
        }
    }

    private async Task WriteChangeAsync(ChangeEntry change, TemplateEntry? template, CancellationToken cancel)
    {
        if (
            change.Transition.Phase is Phase.Pending or Phase.Rejected
            && !inbox.HasRoom(change.Workload, change.Name, change.Requester ?? "")
        )
        {
            Interlocked.Increment(ref _overflowed);
            return;
        }

        var written = await changes.WriteAsync(change, WriteTurn.Background, cancel);
        if (template is not null)
        {
            await WriteTemplateAsync(template, written, cancel);
        }

        await events.WriteAsync(
            new EventEntry(
                EventSubject.OfChange(change.Workload.Namespace, change.Name, written.Uid),
                change.Transition.Phase is not Phase.Admitted,
                change.Transition.Reason,
                change.Requester is null ? change.Transition.Message : $"requested by {change.Requester}: {change.Transition.Message}"
            ),
            cancel
        );
    }

    /// <summary>If it fails, the Change and its Event are written nevertheless.</summary>
    private async Task WriteTemplateAsync(TemplateEntry template, WrittenChange written, CancellationToken cancel)
    {
        try
        {
            if (!await templates.WriteAsync(template, written, cancel))
            {
                Interlocked.Increment(ref _templatesOverflowed);
                logger.LogWarning("namespace {Namespace} has no room for the whole template of {Name}", template.Namespace, template.Name);
            }
        }
        catch (Exception fault) when (LossCounter.IsExpected(fault))
        {
            _losses.Add($"ChangeTemplate {template.Namespace}/{template.Name}", fault);
        }
    }
}
