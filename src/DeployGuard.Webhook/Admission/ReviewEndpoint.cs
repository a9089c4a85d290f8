using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// The common part of all admission endpoints: reads the review, counts, and writes the answer. A body that is no review gets an HTTP
/// error. A bug gets a 500, so that the failurePolicy decides and the counter shows it.
/// </summary>
internal abstract class ReviewEndpoint(BodyMemoryLimiter memory, AdmissionTelemetry telemetry)
{
    public async Task HandleAsync(HttpContext context)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        using var reservation = memory.TryTake(context.Request.ContentLength);
        if (reservation is null)
        {
            // The API server's failurePolicy decides, as if no replica answered.
            telemetry.CountOverloaded("unread");
            await RejectAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                "Overloaded: the reviews that are being read fill the memory limit; retry"
            );
            return;
        }

        try
        {
            using var body = await ReviewBody.ReadAsync(context);
            await AnswerAsync(Review.Read(body), context, started);
        }
        catch (ReviewException wrong)
        {
            await RejectAsync(context, wrong.StatusCode, wrong.Message);
        }
        catch (BadHttpRequestException wrong)
        {
            await RejectAsync(context, wrong.StatusCode, wrong.Message);
        }
        catch (MalformedReviewException wrong)
        {
            telemetry.CountMalformed();
            await Answer.Malformed(wrong.Message, wrong.Code).WriteAsync(context.Response, wrong.Uid);
        }
    }

    /// <summary>Evaluates one review. Any exception but a cancellation is a bug.</summary>
    protected abstract ValueTask<Answer> EvaluateAsync(Review review, HttpContext context);

    private async Task AnswerAsync(Review review, HttpContext context, long started)
    {
        Answer answer;
        try
        {
            answer = await EvaluateAsync(review, context);
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            telemetry.CountError(review, bug);
            throw;
        }

        telemetry.CountAnswer(review, answer, System.Diagnostics.Stopwatch.GetElapsedTime(started));
        await answer.WriteAsync(context.Response, review.Uid);
    }

    private async Task RejectAsync(HttpContext context, int statusCode, string message)
    {
        telemetry.CountMalformed();
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync($"deployguard: {message}\n");
    }
}
