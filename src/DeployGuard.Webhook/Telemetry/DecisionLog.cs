using System.Threading.Channels;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// One JSON line on standard output for every decision about a guarded workload, and for every vote, withdrawal, break-glass and change
/// of a policy. The queue is bounded: a slow reader of the output must not
/// delay a deploy, so lines are dropped and counted.
/// </summary>
internal sealed class DecisionLog(Stream output, TimeProvider time) : BackgroundService
{
    private const int MaxWaiting = 4096;

    /// <summary>Lines about allowed requests in one second. More of them would only repeat each other.</summary>
    private const int MaxAllowed = 200;

    private readonly Channel<ReadOnlyMemory<byte>> _lines = Channel.CreateBounded<ReadOnlyMemory<byte>>(
        new BoundedChannelOptions(MaxWaiting) { SingleReader = true }
    );
    private readonly Lock _lock = new();
    private long _lost;
    private long _sampledOut;
    private long _second;
    private int _allowed;

    /// <summary>Lines dropped since the start.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Lines about allowed requests that were left out under a flood, since the start.</summary>
    public long SampledOut => Interlocked.Read(ref _sampledOut);

    /// <summary>Lines that are not written yet.</summary>
    public int Waiting => _lines.Reader.Count;

    public void Write(Verdict verdict)
    {
        // Requests with nothing to guard are most of a cluster's traffic and tell a reader nothing.
        if (verdict.Evaluated.ChangeType is ChangeType.NothingToGuard && verdict.Findings.Count == 0)
        {
            return;
        }

        if (verdict.IsAllowed && IsFlood())
        {
            Interlocked.Increment(ref _sampledOut);
            return;
        }

        Enqueue(DecisionLine.Of(verdict, time.GetUtcNow()));
    }

    public void Write(Review review, Exception bug) => Enqueue(DecisionLine.Of(review, bug, time.GetUtcNow()));

    public void WritePolicyChange(Review review) => Enqueue(RecordLine.OfPolicyChange(review, time.GetUtcNow()));

    /// <summary>A line about one of DeployGuard's own objects.</summary>
    public void Write(ReadOnlyMemory<byte> line) => Enqueue(line);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(stoppingToken))
            {
                await output.WriteAsync(line, CancellationToken.None);
                if (_lines.Reader.Count == 0)
                {
                    await output.FlushAsync(CancellationToken.None);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // This is the requested end.
        }
        finally
        {
            await output.FlushAsync(CancellationToken.None);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Accept no more lines; write the waiting ones before the end.
        _lines.Writer.TryComplete();
        if (ExecuteTask is { } writing)
        {
            await Task.WhenAny(writing, Task.Delay(TimeSpan.FromSeconds(2), time, cancellationToken));
        }

        await base.StopAsync(cancellationToken);
    }

    /// <summary>Refusals are never sampled: half of the queue is reserved for them.</summary>
    private bool IsFlood()
    {
        var second = time.GetUtcNow().ToUnixTimeSeconds();
        lock (_lock)
        {
            (_allowed, _second) = (second == _second ? _allowed + 1 : 1, second);
            return _allowed > MaxAllowed || _lines.Reader.Count > MaxWaiting / 2;
        }
    }

    private void Enqueue(ReadOnlyMemory<byte> line)
    {
        if (!_lines.Writer.TryWrite(line))
        {
            Interlocked.Increment(ref _lost);
        }
    }
}
