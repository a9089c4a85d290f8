namespace DeployGuard.Cluster.Caches;

/// <summary>Objects by key, and by one further key. Not thread-safe; its cache locks.</summary>
internal sealed class Index<T>(Func<T, string>? indexBy)
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
        if (_byKey.Remove(key, out var old) && indexBy is not null && _byIndex.TryGetValue(indexBy(old), out var siblings))
        {
            siblings.Remove(key);
            if (siblings.Count == 0)
            {
                _byIndex.Remove(indexBy(old));
            }
        }

        if (item is null)
        {
            return;
        }

        _byKey[key] = item;
        if (indexBy is not null)
        {
            var indexKey = indexBy(item);
            if (!_byIndex.TryGetValue(indexKey, out var group))
            {
                _byIndex[indexKey] = group = [];
            }

            group[key] = item;
        }
    }
}
