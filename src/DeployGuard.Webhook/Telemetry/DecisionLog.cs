using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading.Channels;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// One JSON line on standard output for every decision about a guarded workload. Bounded: a slow reader of our output must not
/// hold up a deploy, so lines are dropped then, and counted.
/// </summary>
internal sealed class DecisionLog(TextWriter output, TimeProvider time) : BackgroundService
{
    private const int MostWaiting = 4096;

    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private long _lost;

    /// <summary>Lines dropped since the start.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    public void Write(Verdict verdict)
    {
        // What no policy matches, and what is nothing to guard, is most of a cluster's traffic and says nothing.
        if (verdict.Change.Meaning is Meaning.NothingToGuard)
        {
            return;
        }

        var request = verdict.Change.Request;
        Enqueue(new
        {
            time = time.GetUtcNow(),
            @event = "decision",
            decision = verdict.IsAllowed ? "allowed" : "denied",
            dryRun = request.DryRun,
            operation = request.Operation.ToString(),
            kind = request.Target.Kind,
            @namespace = request.Target.Namespace,
            name = request.Target.Name,
            user = request.Requester.Username,
            meaning = verdict.Change.Meaning.ToString(),
            because = verdict.Change.Because,
            change = verdict.Change.Name,
            policies = verdict.Policies.Select(p => p.Name),
            findings = verdict.Findings.Select(f => new
            {
                policy = f.Policy,
                mode = f.Mode.ToString(),
                safeguard = f.Safeguard,
                reason = f.Finding.Reason,
                message = f.Finding.Message,
            }),
        });
    }

    public void Write(Review review, Exception bug) => Enqueue(new
    {
        time = time.GetUtcNow(),
        @event = "error",
        kind = review.Kind,
        @namespace = review.Namespace,
        name = review.Name,
        user = review.Requester.Username,
        error = bug.ToString(),
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(stoppingToken))
            {
                await output.WriteLineAsync(line.AsMemory(), CancellationToken.None);
                if (_lines.Reader.Count == 0)
                {
                    await output.FlushAsync(CancellationToken.None);
                }
            }
        }
        finally
        {
            await output.FlushAsync(CancellationToken.None);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // No more lines come in; those that wait are written before the end.
        _lines.Writer.TryComplete();
        if (ExecuteTask is { } writing)
        {
            await Task.WhenAny(writing, Task.Delay(TimeSpan.FromSeconds(2), time, cancellationToken));
        }

        await base.StopAsync(cancellationToken);
    }

    private void Enqueue<T>(T line)
    {
        if (!_lines.Writer.TryWrite(JsonSerializer.Serialize(line, s_json)))
        {
            Interlocked.Increment(ref _lost);
        }
    }
}
