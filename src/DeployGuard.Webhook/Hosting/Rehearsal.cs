using System.Diagnostics.Metrics;
using DeployGuard.Core.Safeguards;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Hosting;

/// <summary>
/// Decides a few made-up reviews before the replica is ready: code runs slowly the first time, and the first deployers would wait for it.
/// The code is that of every decision. Its facts, log and metrics are of its own, so that nothing of it is seen.
/// </summary>
internal sealed class Rehearsal(WebhookOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>From about thirty calls on, the runtime compiles a method better.</summary>
    private const int MaxRounds = 40;

    /// <summary>The caches are filled in the same time. A slow machine does not start later because of this.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMilliseconds(700);

    public bool IsDone { get; private set; }

    /// <summary>A fault is logged, and the replica becomes ready without it.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await DecideAsync(cancel);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            logger.LogWarning(fault, "the rehearsal failed: the first answers are slower");
        }
        finally
        {
            IsDone = true;
        }
    }

    private async Task DecideAsync(CancellationToken cancel)
    {
        using var meter = new Meter("deployguard-rehearsal");
        var access = new SnapshotAccess(RehearsalReviews.Snapshot(options.Cluster.Reader));
        var evaluator = SafeguardList.Evaluator(options.Cluster.Trusted);
        using var lines = new DecisionLog(Stream.Null, time);
        using var records = new RecordLog(lines, access, time);
        var telemetry = new AdmissionTelemetry(lines, records, meter, new RetryDeduplicator(time), options.Cluster.Trusted, time);
        using var costly = new CostlyDecisions();
        var endpoint = new AdmissionEndpoint(
            new RequestReader(options.Cluster.Reader),
            new DecisionPipeline(evaluator, access, new ConcurrencyLimiter(), costly, telemetry, time),
            options.Cluster.Trusted,
            access,
            new BodyMemoryLimiter(),
            telemetry
        );
        var began = time.GetTimestamp();
        for (var round = 0; round < MaxRounds && time.GetElapsedTime(began) < s_limit; round++)
        {
            foreach (var review in RehearsalReviews.All)
            {
                cancel.ThrowIfCancellationRequested();
                await AnswerAsync(endpoint, review);
            }
        }
    }

    private static async Task AnswerAsync(AdmissionEndpoint endpoint, byte[] review)
    {
        using var body = new MemoryStream(review);
        var context = new DefaultHttpContext();
        (context.Request.Method, context.Request.Body, context.Request.ContentLength) = (HttpMethods.Post, body, review.Length);
        context.Request.QueryString = new QueryString("?timeout=10s");
        await endpoint.HandleAsync(context);
    }
}
