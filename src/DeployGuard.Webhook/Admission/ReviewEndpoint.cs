namespace DeployGuard.Webhook.Admission;

/// <summary>
/// What all admission endpoints share: reading the review, the HTTP status of what is none, counting, and writing the answer.
/// A bug surfaces as 500, so that the failurePolicy decides and the counter shows it.
/// </summary>
internal abstract class ReviewEndpoint(BodyMemoryLimiter memory, Telemetry.Telemetry telemetry)
{
    public async Task HandleAsync(HttpContext context)
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        using var room = memory.TryTake(context.Request.ContentLength);
        if (room is null)
        {
            // The API server's failurePolicy decides, as it does when nobody answers.
            telemetry.Overloaded("unread");
            await RejectAsync(context, StatusCodes.Status503ServiceUnavailable, "Overloaded: more is being read than fits into memory; try again");
            return;
        }

        try
        {
            using var body = await ReviewBody.ReadAsync(context);
            await AnswerAsync(Review.Read(body.Root), context, started);
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
            telemetry.NothingDecided();
            await Answer.Malformed(wrong.Message, wrong.Code).WriteAsync(context.Response, wrong.Uid);
        }
    }

    /// <summary>Judges one review. Throws only for bugs.</summary>
    protected abstract ValueTask<Answer> JudgeAsync(Review review, HttpContext context);

    private async Task AnswerAsync(Review review, HttpContext context, long started)
    {
        Answer answer;
        try
        {
            answer = await JudgeAsync(review, context);
        }
        catch (Exception bug) when (bug is not OperationCanceledException)
        {
            telemetry.Failed(review, bug);
            throw;
        }

        telemetry.Answered(review, answer, System.Diagnostics.Stopwatch.GetElapsedTime(started));
        await answer.WriteAsync(context.Response, review.Uid);
    }

    private async Task RejectAsync(HttpContext context, int statusCode, string message)
    {
        telemetry.NothingDecided();
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync($"deployguard: {message}\n");
    }
}
