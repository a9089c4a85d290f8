using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Refusals because a replica had no time to decide, which happens on a busy machine. They say nothing of what a test asks, so it asks
/// again. Each is written to the output of its test. Many of them would be a fault, and fail the tests that meet them.
/// </summary>
internal static class Busy
{
    /// <summary>
    /// The API server had no answer. Tests that stop the replicas expect it, so no request is repeated for it by default.
    /// </summary>
    public const string Unanswered = "failed calling webhook";

    /// <summary>In one run of all tests, which send some thousands of requests.</summary>
    private const int MostRepeats = 40;

    private static readonly string[] s_reasons = ["EvaluationIncomplete", "Overloaded"];

    private static int s_repeats;

    /// <param name="message">Of a refusal, or all that kubectl printed.</param>
    /// <param name="also">Other texts that mean the same.</param>
    public static bool IsIn(string? message, params IReadOnlyList<string> also) =>
        message is not null && s_reasons.Concat(also).Any(reason => message.Contains(reason, StringComparison.Ordinal));

    /// <summary>Repeats a request, as the refusal advises, until it is decided.</summary>
    /// <param name="isDryRun">An admitted dry run, whose warnings say it, changed nothing either.</param>
    public static Task<Run> AnsweredAsync(Func<Task<Run>> request, bool isDryRun = false, params IReadOnlyList<string> also) =>
        Wait.UntilAsync(
            request,
            run => !((isDryRun || !run.Succeeded) && IsIn(run.Output, also) && IsCounted(run.Output)),
            "a busy replica to decide a request"
        );

    /// <summary>Counts a repeat.</summary>
    /// <returns>True.</returns>
    public static bool IsCounted(string because)
    {
        var repeats = Interlocked.Increment(ref s_repeats);
        TestContext.Out.WriteLine($"repeat {repeats}: {because.ReplaceLineEndings(" ")}");
        Assert.That(repeats, Is.LessThanOrEqualTo(MostRepeats), "requests that no replica had the time to decide");
        return true;
    }
}
