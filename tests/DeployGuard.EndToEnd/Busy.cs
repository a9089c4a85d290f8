using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Refusals because a replica had no time to decide, which happens on a busy machine. They say nothing of what a test asks, so it asks again.
/// </summary>
internal static class Busy
{
    /// <summary>The API server had no answer. Tests that stop the replicas expect it, so no request is repeated for it by default.</summary>
    public const string Unanswered = "failed calling webhook";

    private static readonly string[] s_reasons = ["EvaluationIncomplete", "Overloaded"];

    /// <param name="message">Of a refusal, or all that kubectl printed.</param>
    /// <param name="also">Other texts that mean the same.</param>
    public static bool IsIn(string? message, params IReadOnlyList<string> also) =>
        message is not null && s_reasons.Concat(also).Any(reason => message.Contains(reason, StringComparison.Ordinal));

    /// <summary>Repeats a request, as the refusal advises, until it is decided.</summary>
    public static Task<Run> AnsweredAsync(Func<Task<Run>> request, params IReadOnlyList<string> also) =>
        Wait.UntilAsync(request, run => !IsIn(run.Output, also), "a busy replica to decide a request");
}
