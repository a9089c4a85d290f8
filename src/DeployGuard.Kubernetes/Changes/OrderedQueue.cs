using System.Threading.Channels;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// A bounded queue that a few workers handle: entries of one key one at a time and in order, those of different keys side by side. An entry
/// that takes long delays only others of its key, as long as a worker is free.
/// </summary>
/// <param name="capacity">Entries that may wait or be handled at once; a tenth of it for one key.</param>
internal sealed class OrderedQueue<T>(int capacity, int workers)
{
    private readonly Lock _lock = new();
    private readonly Channel<string> _ready = Channel.CreateUnbounded<string>();

    /// <summary>The entries that wait, by key. A key is here while it has any, or one is being handled.</summary>
    private readonly Dictionary<string, Queue<T>> _waiting = [];
    private int _count;
    private bool _isCompleted;

    /// <returns>False if it is full, or takes no further entries.</returns>
    public bool TryAdd(string key, T entry)
    {
        lock (_lock)
        {
            if (_isCompleted || _count >= capacity)
            {
                return false;
            }

            if (_waiting.TryGetValue(key, out var others))
            {
                // One busy key must not use the room of all others.
                if (others.Count >= Math.Max(1, capacity / 10))
                {
                    return false;
                }

                _count++;
                others.Enqueue(entry);
            }
            else
            {
                _count++;
                _waiting[key] = new Queue<T>([entry]);
                _ready.Writer.TryWrite(key);
            }

            return true;
        }
    }

    /// <summary>Takes no further entries; those that wait are handled.</summary>
    public void Complete()
    {
        lock (_lock)
        {
            _isCompleted = true;
            EndIfEmpty();
        }
    }

    /// <summary>Handles entries until it is completed and empty, or cancelled.</summary>
    /// <param name="handle">If it throws, all workers end, and so does this, with what was thrown.</param>
    public Task RunAsync(Func<T, Task> handle, CancellationToken cancel) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(handle, cancel)));

    private async Task WorkAsync(Func<T, Task> handle, CancellationToken cancel)
    {
        await foreach (var key in _ready.Reader.ReadAllAsync(cancel))
        {
            try
            {
                await handle(Next(key));
            }
            catch (Exception fault)
            {
                // The other workers end too, or nobody would notice that entries are lost.
                _ready.Writer.TryComplete(fault);
                throw;
            }
            finally
            {
                Done(key);
            }
        }
    }

    private T Next(string key)
    {
        lock (_lock)
        {
            return _waiting[key].Dequeue();
        }
    }

    /// <summary>The next entry of the key waits behind those of other keys.</summary>
    private void Done(string key)
    {
        lock (_lock)
        {
            _count--;
            if (_waiting[key].Count > 0)
            {
                _ready.Writer.TryWrite(key);
                return;
            }

            _waiting.Remove(key);
            EndIfEmpty();
        }
    }

    private void EndIfEmpty()
    {
        if (_isCompleted && _waiting.Count == 0)
        {
            _ready.Writer.TryComplete();
        }
    }
}
