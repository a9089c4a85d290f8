using System.Diagnostics.CodeAnalysis;

namespace DeployGuard.Registry.Lookups;

/// <summary>Keeps values for a time, within a number of entries and of bytes; what was used longest ago goes first.</summary>
internal sealed class BoundedCache<TKey, TValue>(int entries, long bytes, TimeProvider time)
    where TKey : notnull
    where TValue : class
{
    // What an entry takes beside its value.
    private const int Overhead = 512;

    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = [];
    private long _bytes;

    /// <summary>No entry ends before that.</summary>
    private DateTimeOffset _firstEnd = DateTimeOffset.MaxValue;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

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

    /// <param name="maxAge">An older value is not used, nor is one of a rehearsal, unless this is one too. Null for any.</param>
    public bool TryGet(TKey key, TimeSpan? maxAge, bool isRehearsal, [NotNullWhen(true)] out TValue? value)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (!_entries.TryGetValue(key, out var node) || !node.Value.IsUsable(now, maxAge, isRehearsal))
            {
                value = null;
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    public void Add(TKey key, TValue value, long size, TimeSpan life, bool isRehearsal)
    {
        lock (_lock)
        {
            Remove(key);
            var now = time.GetUtcNow();
            RemoveEnded(now);
            _firstEnd = now + life < _firstEnd ? now + life : _firstEnd;
            _entries[key] = _byUse.AddFirst(new Entry(key, value, size + Overhead, now, now + life, isRehearsal));
            _bytes += size + Overhead;
            while ((_entries.Count > entries || _bytes > bytes) && _byUse.Last is { } oldest)
            {
                Remove(oldest.Value.Key);
            }
        }
    }

    /// <summary>Nobody asks for most of them again, so that they would stay until newer ones take their place.</summary>
    private void RemoveEnded(DateTimeOffset now)
    {
        if (now < _firstEnd)
        {
            return;
        }

        foreach (var ended in _byUse.Where(e => e.Until <= now).ToList())
        {
            Remove(ended.Key);
        }

        _firstEnd = _byUse.Count == 0 ? DateTimeOffset.MaxValue : _byUse.Min(e => e.Until);
    }

    private void Remove(TKey key)
    {
        if (_entries.Remove(key, out var node))
        {
            _byUse.Remove(node);
            _bytes -= node.Value.Size;
        }
    }

    private sealed record Entry(TKey Key, TValue Value, long Size, DateTimeOffset At, DateTimeOffset Until, bool IsOfRehearsal)
    {
        public bool IsUsable(DateTimeOffset now, TimeSpan? maxAge, bool isRehearsal) =>
            now < Until && (maxAge is null || (now - At <= maxAge && (isRehearsal || !IsOfRehearsal)));
    }
}
