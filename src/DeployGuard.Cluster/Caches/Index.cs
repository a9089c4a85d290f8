namespace DeployGuard.Cluster.Caches;

/// <summary>Objects by key, and by further keys that many may share. Not thread-safe; its cache locks.</summary>
internal sealed class Index<T>(Func<T, IReadOnlyList<string>> indexBy)
    where T : class
{
    private readonly Dictionary<string, T> _byKey = [];
    private readonly Dictionary<string, Dictionary<string, T>> _byIndex = [];

    public T? Find(string key) => _byKey.GetValueOrDefault(key);

    public IReadOnlyList<T> Under(string indexKey) => _byIndex.TryGetValue(indexKey, out var found) ? [.. found.Values] : [];

    public IReadOnlyList<T> All() => [.. _byKey.Values];

    /// <summary>Puts, replaces, or with null removes.</summary>
    public void Put(string key, T? item)
    {
        if (_byKey.Remove(key, out var old))
        {
            foreach (var indexKey in indexBy(old))
            {
                Leave(indexKey, key);
            }
        }

        if (item is null)
        {
            return;
        }

        _byKey[key] = item;
        foreach (var indexKey in indexBy(item))
        {
            if (!_byIndex.TryGetValue(indexKey, out var group))
            {
                _byIndex[indexKey] = group = [];
            }

            group[key] = item;
        }
    }

    private void Leave(string indexKey, string key)
    {
        if (_byIndex.TryGetValue(indexKey, out var group) && group.Remove(key) && group.Count == 0)
        {
            _byIndex.Remove(indexKey);
        }
    }
}
