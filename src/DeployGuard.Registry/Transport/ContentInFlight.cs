namespace DeployGuard.Registry.Transport;

/// <summary>
/// The bytes that all lookups in flight have read. Where they are too many, lookups read on only as others end. The one that has held
/// bytes for longest always reads on, so that no two wait for each other; bounds of its own end it.
/// </summary>
internal sealed class ContentInFlight(long most)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Account> _holders = [];
    private long _bytes;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>What is held now.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Of one lookup. What it read is given back when it is disposed of.</summary>
    public Account Open() => new(this);

    // Each waiter runs on by itself, and not inside the lock of who woke it.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task? Wait(Account account)
    {
        lock (_lock)
        {
            return _bytes < most || _holders.First?.Value == account ? null : _changed.Task;
        }
    }

    private void Add(Account account, long bytes)
    {
        lock (_lock)
        {
            // A request that ends after its lookup holds nothing.
            if (bytes == 0 || account.IsClosed)
            {
                return;
            }

            if (account.Bytes == 0)
            {
                _holders.AddLast(account);
            }

            account.Bytes += bytes;
            _bytes += bytes;
        }
    }

    private void Close(Account account)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            account.IsClosed = true;
            _bytes -= account.Bytes;
            account.Bytes = 0;
            _holders.Remove(account);
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    internal sealed class Account(ContentInFlight owner) : IDisposable
    {
        internal long Bytes { get; set; }

        internal bool IsClosed { get; set; }

        /// <summary>Null if something may be read now; else it ends once that is to be asked again.</summary>
        public Task? Wait() => owner.Wait(this);

        /// <summary>So much was read.</summary>
        public void Add(long bytes) => owner.Add(this, bytes);

        public void Dispose() => owner.Close(this);
    }
}
