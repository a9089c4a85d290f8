namespace DeployGuard.Kubernetes.Cache;

/// <summary>Objects by key, and by further keys that many may share. Not thread-safe; its cache locks.</summary>
internal sealed class Index<T>(Func<T, IReadOnlyList<string>> indexBy)
    where T : class
{
    private readonly Dictionary<string, T> _byKey = [];
    private readonly Dictionary<string, Group> _byIndex = [];

    public T? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>The same list as before, where nothing of it changed.</summary>
    public IReadOnlyList<T> Under(string indexKey) => _byIndex.TryGetValue(indexKey, out var found) ? found.List : [];

    /// <summary>All objects, together by their further keys.</summary>
    public IReadOnlyList<IReadOnlyList<T>> Groups() => [.. _byIndex.Values.Select(g => g.List)];

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
                _byIndex[indexKey] = group = new Group();
            }

            group.Put(key, item);
        }
    }

    private void Leave(string indexKey, string key)
    {
        if (_byIndex.TryGetValue(indexKey, out var group) && group.Remove(key))
        {
            _byIndex.Remove(indexKey);
        }
    }

    private sealed class Group
    {
        private readonly Dictionary<string, T> _items = [];
        private IReadOnlyList<T>? _list;

        public IReadOnlyList<T> List => _list ??= [.. _items.Values];

        public void Put(string key, T item) => (_items[key], _list) = (item, null);

        /// <summary>Returns whether it is empty now.</summary>
        public bool Remove(string key)
        {
            _list = null;
            return _items.Remove(key) && _items.Count == 0;
        }
    }
}
