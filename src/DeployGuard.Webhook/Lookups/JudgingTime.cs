namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// What it takes to judge all images of one request, for all of its policies, also in its second look. A template may name hundreds of
/// images, each with statements that were judged nowhere before, and the API server stops waiting after seconds.
/// </summary>
internal sealed class JudgingTime(TimeProvider time)
{
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(1);

    private long _ticks;

    /// <summary>What was begun is ended, so that a retry goes on from there; nothing else is begun.</summary>
    /// <param name="deadline">Of the request.</param>
    public bool IsOver(CancellationToken deadline) => deadline.IsCancellationRequested || Interlocked.Read(ref _ticks) >= s_most.Ticks;

    public T Spend<T>(Func<T> judge)
    {
        var started = time.GetTimestamp();
        var judged = judge();
        Interlocked.Add(ref _ticks, time.GetElapsedTime(started).Ticks);
        return judged;
    }
}
