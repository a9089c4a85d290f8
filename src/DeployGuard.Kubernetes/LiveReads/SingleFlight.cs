namespace DeployGuard.Kubernetes.LiveReads;

/// <summary>
/// Lets many callers share few reads of one thing: at most one read is under way and one waits behind it. A caller joins only a
/// read that has not started, so that what it gets is never older than its call.
/// </summary>
/// <param name="read">One read. It is nobody's in particular, so no caller's cancellation reaches it.</param>
internal sealed class SingleFlight<T>(Func<Task<T>> read)
{
    private readonly Lock _lock = new();
    private Task<T>? _underWay;
    private Task<T>? _waiting;

    public Task<T> ReadAsync()
    {
        lock (_lock)
        {
            if (_waiting is not null)
            {
                return _waiting;
            }

            if (_underWay is null)
            {
                return _underWay = StartAsync();
            }

            return _waiting = AfterAsync(_underWay);
        }
    }

    /// <summary>Whether nobody reads or waits: it can then be forgotten.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _underWay is null && _waiting is null;
            }
        }
    }

    private async Task<T> StartAsync()
    {
        // Leaves the lock before anything is read.
        await Task.Yield();
        try
        {
            return await read();
        }
        finally
        {
            lock (_lock)
            {
                (_underWay, _waiting) = (_waiting, null);
            }
        }
    }

    private async Task<T> AfterAsync(Task<T> first)
    {
        // How the first one ended is its callers' affair.
        await first.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return await StartAsync();
    }
}
