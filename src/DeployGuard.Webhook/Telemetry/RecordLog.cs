using System.Collections.Concurrent;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Ports;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// Writes the lines about votes, withdrawals and BreakGlasses once they have happened. Admission comes before storage: the API server may
/// still answer that the name is taken, and the log must not name an approver of something that nobody stored.
/// </summary>
internal sealed class RecordLog(DecisionLog log, IClusterAccess cluster, TimeProvider time) : BackgroundService
{
    /// <summary>The watch brings an object within a second, and later while it is being restored.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Of more at once, the others are written as unconfirmed.</summary>
    private const int MaxWaiting = 1000;

    private readonly ConcurrentQueue<Waiting> _waiting = [];

    public void Write(Review review, RecordLines lines)
    {
        // The elements of a review are gone after its answer.
        var (facts, resource, inNamespace, name, uid) = (
            cluster.RecordFacts,
            review.Resource,
            review.Namespace,
            review.Name,
            review.ObjectUid
        );
        var isDeleted = review.Operation is Operation.Delete;
        var entry = new Waiting(
            () => facts.IsStored(resource, inNamespace, name, uid) != isDeleted,
            lines,
            _waiting.Count < MaxWaiting ? time.GetUtcNow() + Patience : DateTimeOffset.MinValue
        );
        _waiting.Enqueue(entry);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Look(time.GetUtcNow());
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // This is the requested end.
        }
    }

    /// <summary>The program ends: what was not seen by now is not waited for.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Look(DateTimeOffset.MaxValue);
    }

    private void Look(DateTimeOffset now)
    {
        for (var left = _waiting.Count; left > 0 && _waiting.TryDequeue(out var entry); left--)
        {
            if (entry.HasHappened())
            {
                log.Write(entry.Lines.Seen);
            }
            else if (now >= entry.Until)
            {
                log.Write(entry.Lines.Unseen);
            }
            else
            {
                _waiting.Enqueue(entry);
            }
        }
    }

    private sealed record Waiting(Func<bool> HasHappened, RecordLines Lines, DateTimeOffset Until);
}
