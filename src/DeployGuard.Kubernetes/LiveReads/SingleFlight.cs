namespace DeployGuard.Kubernetes.LiveReads;

/// <summary>
/// Lets many callers share few reads of one object: at most one read is in progress and one waits behind it. A caller joins only a read
/// that has not started, so its result is never older than its call.
/// </summary>
/// <param name="read">One read. Callers share it, so the cancellation of a caller does not cancel it.</param>
internal sealed class SingleFlight<T>(Func<Task<T>> read)
{
    private readonly Lock _lock = new();
    private Task<T>? _inProgress;
    private Task<T>? _waiting;

    public Task<T> ReadAsync()
    {
        lock (_lock)
        {
            if (_waiting is not null)
            {
                return _waiting;
            }

            if (_inProgress is null)
            {
                return _inProgress = StartAsync();
            }

            return _waiting = AfterAsync(_inProgress);
        }
    }

    /// <summary>No read is in progress or waits, so it can be removed.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _inProgress is null && _waiting is null;
            }
        }
    }

    /// <summary>
    /// After the lock is released, and not where the first caller computes: the others may be of higher priority, and wait for it too.
    /// </summary>
    private Task<T> StartAsync() =>
        Task.Run(async () =>
        {
            try
            {
                return await read();
            }
            finally
            {
                lock (_lock)
                {
                    (_inProgress, _waiting) = (_waiting, null);
                }
            }
        });

    private Task<T> AfterAsync(Task<T> first) =>
        // Its result, or failure, is for its own callers.
        first.ContinueWith(_ => StartAsync(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Unwrap();
}
