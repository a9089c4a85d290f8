namespace DeployGuard.Webhook.Admission;

/// <summary>How much of reviews is held in memory at once, so that a flood of large ones cannot end the process and, with it, everybody's answer.</summary>
internal sealed class BodyMemoryLimiter(long mostBytes = 128 * 1024 * 1024)
{
    private long _held;

    /// <summary>Null where there is no room. API servers say how much they send; of what does not, no more is read than of an honest review.</summary>
    public IDisposable? TryTake(long? announced)
    {
        var bytes = Math.Clamp(announced ?? ReviewBody.Large, 0, ReviewBody.MaxBytes);
        if (Interlocked.Add(ref _held, bytes) <= mostBytes)
        {
            return new Load(this, bytes);
        }

        Interlocked.Add(ref _held, -bytes);
        return null;
    }

    private sealed class Load(BodyMemoryLimiter intake, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        public void Dispose() => Interlocked.Add(ref intake._held, -Interlocked.Exchange(ref _bytes, 0));
    }
}
