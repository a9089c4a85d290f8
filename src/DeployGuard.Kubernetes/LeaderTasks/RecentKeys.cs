namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>Remembers what was done lately: for a while, and no more than a number of keys.</summary>
internal sealed class RecentKeys(TimeSpan keep, int max)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string What, DateTimeOffset At)> _done = [];
    private readonly Queue<(string Key, DateTimeOffset At)> _order = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _done.Count;
            }
        }
    }

    /// <summary>Notes what is done now, unless the last that was done for the key lately is the same.</summary>
    /// <returns>Whether it is to be done.</returns>
    public bool TryAdd(string key, string what, DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_done.TryGetValue(key, out var last) && last.What == what && now - last.At < keep)
            {
                return false;
            }

            _done[key] = (what, now);
            _order.Enqueue((key, now));
            Forget(now);
            return true;
        }
    }

    /// <summary>It was not done after all.</summary>
    public void Remove(string key)
    {
        lock (_lock)
        {
            _done.Remove(key);
        }
    }

    private void Forget(DateTimeOffset now)
    {
        while (_order.TryPeek(out var oldest) && (_order.Count > max || now - oldest.At >= keep))
        {
            _order.Dequeue();
            if (_done.TryGetValue(oldest.Key, out var stored) && stored.At == oldest.At)
            {
                _done.Remove(oldest.Key);
            }
        }
    }
}
