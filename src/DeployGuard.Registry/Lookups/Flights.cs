namespace DeployGuard.Registry.Lookups;

/// <summary>
/// Work that several callers wait for is done once. It goes on when they stop waiting, so that their next try finds the result; how many
/// there are, and for how long, is bounded.
/// </summary>
internal sealed class Flights<TKey, TResult>(int limit, int limitPerGroup, TimeSpan longest, TimeProvider time) : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Task<TResult>> _running = [];
    private readonly Dictionary<string, int> _byGroup = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private bool _isStopped;

    /// <summary>The work that runs already for this key, or else new work; null if too much runs, or after the end.</summary>
    /// <param name="group">Its share of all work is bounded.</param>
    public Task<TResult>? Join(TKey key, string group, Func<CancellationToken, Task<TResult>> work)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(key, out var running))
            {
                return running;
            }

            var inGroup = _byGroup.GetValueOrDefault(group);
            if (_isStopped || _running.Count >= limit || inGroup >= limitPerGroup)
            {
                return null;
            }

            _byGroup[group] = inGroup + 1;
            // Taken here: a source that was disposed meanwhile gives no token.
            var stop = _stop.Token;
            return _running[key] = Task.Run(() => RunAsync(key, group, work, stop));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
        }

        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task<TResult> RunAsync(TKey key, string group, Func<CancellationToken, Task<TResult>> work, CancellationToken stop)
    {
        try
        {
            using var timeout = new CancellationTokenSource(longest, time);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
            return await work(end.Token);
        }
        finally
        {
            lock (_lock)
            {
                _running.Remove(key);
                if (--_byGroup[group] == 0)
                {
                    _byGroup.Remove(group);
                }
            }
        }
    }
}
