using System.Runtime.InteropServices;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// Decides what costs several times another decision, on threads that get less of the processors than others: so a flood of refusals does
/// not slow the allows of others. Decisions begin in the order of their arrival. One that waits for the API server holds no thread. When
/// it comes back, it goes before those that have not begun, because its deadline is nearer.
/// </summary>
internal sealed class CostlyDecisions : TaskScheduler, IDisposable
{
    /// <summary>
    /// Beside another thread that wants the same processor, one of these gets a third of it: less, and never nothing. What other values did
    /// is in docs/performance.md.
    /// </summary>
    private const int Niceness = 3;

    private readonly Lock _lock = new();
    private readonly LinkedList<Task> _notBegun = [];
    private readonly LinkedList<Task> _begun = [];
    private readonly SemaphoreSlim _queued = new(0);
    private readonly int _threads;
    private volatile bool _isDisposed;

    /// <param name="threads">How many decisions are computed at once. By default as many as there are processors. With 0, the
    /// caller's own thread computes.</param>
    public CostlyDecisions(int? threads = null)
    {
        _threads = threads ?? Environment.ProcessorCount;
        for (var i = 0; i < _threads; i++)
        {
            new Thread(Work) { IsBackground = true, Name = "costly" }.Start();
        }
    }

    public override int MaximumConcurrencyLevel => Math.Max(1, _threads);

    /// <summary>How many wait for a thread.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _notBegun.Count + _begun.Count;
            }
        }
    }

    /// <summary>Runs a decision to its end, here again after each await. What it throws is thrown to the caller.</summary>
    /// <param name="beginUntil">Ends the wait for a thread. A decision that has begun is not ended by it.</param>
    /// <exception cref="OperationCanceledException">The decision did not begin in time.</exception>
    public Task<T> RunAsync<T>(Func<Task<T>> decide, CancellationToken beginUntil)
    {
        if (_threads == 0)
        {
            return decide();
        }

        // Not Task.Factory.StartNew: what it starts looks at its token only when its turn comes.
        var turn = new Task<Task<T>>(static state => ((Beginning<T>)state!).Decide(), new Beginning<T>(decide), beginUntil);
        try
        {
            turn.Start(this);
        }
        catch (InvalidOperationException) when (turn.IsCanceled)
        {
            // Its time to begin ended before it was in the queue. The caller learns it from the task.
        }

        return turn.Unwrap();
    }

    /// <summary>Ends the threads. What still waits for one does not run.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _queued.Release(MaximumConcurrencyLevel);
    }

    protected override void QueueTask(Task task)
    {
        lock (_lock)
        {
            QueueOf(task).AddLast(task);
        }

        _queued.Release();
    }

    /// <summary>A decision whose time to begin is over leaves its place at once.</summary>
    protected override bool TryDequeue(Task task)
    {
        lock (_lock)
        {
            return QueueOf(task).Remove(task);
        }
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && Current == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_lock)
        {
            return [.. _begun, .. _notBegun];
        }
    }

    private LinkedList<Task> QueueOf(Task task) => task.AsyncState is Beginning ? _notBegun : _begun;

    private void Work()
    {
        if (OperatingSystem.IsLinux())
        {
            // Thread.Priority has no effect on Linux. To lower the own priority needs no right, so it does not fail.
            _ = Nice(Niceness);
        }

        while (true)
        {
            _queued.Wait();
            if (_isDisposed)
            {
                return;
            }

            if (Next() is { } task)
            {
                TryExecuteTask(task);
            }
        }
    }

    /// <summary>Null if the one that was queued has left.</summary>
    private Task? Next()
    {
        lock (_lock)
        {
            var queue = _begun.Count > 0 ? _begun : _notBegun;
            var next = queue.First?.Value;
            if (next is not null)
            {
                queue.RemoveFirst();
            }

            return next;
        }
    }

    /// <summary>Of the thread that calls it: threads have priorities of their own on Linux.</summary>
    [DllImport("libc", EntryPoint = "nice")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Nice(int increment);

    private abstract class Beginning;

    private sealed class Beginning<T>(Func<Task<T>> decide) : Beginning
    {
        public Task<T> Decide() => decide();
    }
}
