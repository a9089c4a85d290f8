using System.Diagnostics;
using System.Text.Json;
using DeployGuard.Core.Evaluation;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Hosting;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Benchmarks;

/// <summary>From the bytes of a review to the bytes of its answer, on this thread.</summary>
internal sealed class WholeDecision(IServiceProvider services)
{
    private readonly RequestReader _reader = services.GetRequiredService<RequestReader>();
    private readonly DecisionPipeline _pipeline = services.GetRequiredService<DecisionPipeline>();
    private readonly AdmissionTelemetry _telemetry = services.GetRequiredService<AdmissionTelemetry>();

    public static HttpContext Context(byte[] body)
    {
        var context = new DefaultHttpContext();
        context.Request.Body = new MemoryStream(body);
        context.Request.ContentLength = body.Length;
        context.Response.Body = Stream.Null;
        _ = context.Response.BodyWriter;
        return context;
    }

    /// <exception cref="InvalidOperationException">The decision is another one than the one to be measured.</exception>
    public void Decide(HttpContext context, bool isAllowed)
    {
        var started = Stopwatch.GetTimestamp();
        using var body = ReviewBody.ReadAsync(context).AsTask().GetAwaiter().GetResult();
        var review = Review.Read(body);
        var verdict = _pipeline
            .DecideAsync(_reader.Read(review), TimeSpan.FromSeconds(3), static v => v, CancellationToken.None)
            .AsTask()
            .GetAwaiter()
            .GetResult();
        _telemetry.CountDecision(verdict);
        var warnings = Messages.WarningLines(verdict);
        var answer = verdict.IsAllowed ? Answer.Allow(warnings) : Answer.Forbid(Messages.Refusal(verdict), warnings);
        if (verdict.IsAllowed != isAllowed)
        {
            throw new InvalidOperationException($"not the decision to be measured: {answer.Message}");
        }

        _telemetry.CountAnswer(review, answer, Stopwatch.GetElapsedTime(started));
        answer.WriteAsync(context.Response, review.Uid).GetAwaiter().GetResult();
    }

    /// <summary>What the bare server does with the same review.</summary>
    public static void OnlyParse(HttpContext context)
    {
        using var review = JsonDocument.ParseAsync(context.Request.Body).GetAwaiter().GetResult();
        var uid = review.RootElement.GetProperty("request").GetProperty("uid").GetString();
        Answer.Allow([]).WriteAsync(context.Response, uid ?? "").GetAwaiter().GetResult();
    }
}
