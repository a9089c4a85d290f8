using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Admission;

/// <summary>Limits the memory that review bodies use at once, so that a flood of large reviews cannot crash the process.</summary>
internal sealed class BodyMemoryLimiter(long maxBytes = 128 * 1024 * 1024)
{
    private long _reserved;

    /// <summary>Reserves memory for one body until it is disposed; null if there is none left.</summary>
    /// <param name="contentLength">Bytes; null if the request has no Content-Length. At most <see cref="ReviewBody.LargeBytes"/> of such a
    /// body are read.</param>
    public IDisposable? TryTake(long? contentLength)
    {
        var bytes = Math.Clamp(contentLength ?? ReviewBody.LargeBytes, 0, ReviewBody.MaxBytes);
        if (Interlocked.Add(ref _reserved, bytes) <= maxBytes)
        {
            return new Reservation(this, bytes);
        }

        Interlocked.Add(ref _reserved, -bytes);
        return null;
    }

    private sealed class Reservation(BodyMemoryLimiter limiter, long bytes) : IDisposable
    {
        private long _bytes = bytes;

        public void Dispose() => Interlocked.Add(ref limiter._reserved, -Interlocked.Exchange(ref _bytes, 0));
    }
}
