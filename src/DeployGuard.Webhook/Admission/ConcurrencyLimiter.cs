using DeployGuard.Core.Identities;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// How many decisions wait for the API server at once. What comes on top is told so at once, instead of everybody waiting until time is up; people before
/// machines, who would come back at once and in greater number.
/// </summary>
internal sealed class ConcurrencyLimiter(int mostPeople = 64, int mostInAll = 128)
{
    private int _inside;

    /// <summary>Null where there is no room for this requester.</summary>
    public IDisposable? TryEnter(Requester who)
    {
        var most = who.IsMachine ? mostInAll : mostPeople;
        if (Interlocked.Increment(ref _inside) <= most)
        {
            return new Seat(this);
        }

        Interlocked.Decrement(ref _inside);
        return null;
    }

    private sealed class Seat(ConcurrencyLimiter crowd) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                Interlocked.Decrement(ref crowd._inside);
            }
        }
    }
}
