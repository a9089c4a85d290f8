using DeployGuard.Core.Identities;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Limits how many decisions wait for the API server at once. The rest is refused immediately, instead of everybody waiting until time is up. Users are shed at
/// 64 waiting decisions and machines at 128: a machine would retry at once, and in greater number.
/// </summary>
internal sealed class ConcurrencyLimiter(int maxWithUsers = 64, int max = 128)
{
    private int _inside;

    /// <summary>Null where there is no room for this requester.</summary>
    public IDisposable? TryEnter(Requester requester)
    {
        if (Interlocked.Increment(ref _inside) <= (requester.IsMachine ? max : maxWithUsers))
        {
            return new Permit(this);
        }

        Interlocked.Decrement(ref _inside);
        return null;
    }

    private sealed class Permit(ConcurrencyLimiter limiter) : IDisposable
    {
        private int _returned;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _returned, 1) == 0)
            {
                Interlocked.Decrement(ref limiter._inside);
            }
        }
    }
}
