using DeployGuard.Core.Identities;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Limits how many decisions wait for the API server at once. The rest is refused immediately; otherwise all of them would wait until they
/// time out. Users are shed at 64 waiting decisions and machines at 128: a machine retries at once and in greater numbers.
/// </summary>
internal sealed class ConcurrencyLimiter(int maxWithUsers = 64, int max = 128)
{
    private int _waiting;

    /// <summary>Reserves a place until it is disposed; null if this requester is to be shed.</summary>
    public IDisposable? TryEnter(Requester requester)
    {
        if (Interlocked.Increment(ref _waiting) <= (requester.IsMachine ? max : maxWithUsers))
        {
            return new Permit(this);
        }

        Interlocked.Decrement(ref _waiting);
        return null;
    }

    private sealed class Permit(ConcurrencyLimiter limiter) : IDisposable
    {
        private int _returned;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
            {
                Interlocked.Decrement(ref limiter._waiting);
            }
        }
    }
}
