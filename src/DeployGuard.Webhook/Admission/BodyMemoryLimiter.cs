namespace DeployGuard.Webhook.Admission;

/// <summary>Limits how much of reviews is held in memory at once, so that a flood of large ones cannot end the process and with it every answer.</summary>
internal sealed class BodyMemoryLimiter(long maxBytes = 128 * 1024 * 1024)
{
    private long _held;

    /// <summary>Null where there is no room.</summary>
    /// <param name="announced">Bytes, as the request says; null for a request that does not say. Of such a one, no more is read than of a large honest review.</param>
    public IDisposable? TryTake(long? announced)
    {
        var bytes = Math.Clamp(announced ?? ReviewBody.Large, 0, ReviewBody.MaxBytes);
        if (Interlocked.Add(ref _held, bytes) <= maxBytes)
        {
            return new Share(this, bytes);
        }

        Interlocked.Add(ref _held, -bytes);
        return null;
    }

    private sealed class Share(BodyMemoryLimiter limiter, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        public void Dispose() => Interlocked.Add(ref limiter._held, -Interlocked.Exchange(ref _bytes, 0));
    }
}
