namespace DeployGuard.Kubernetes.Cache;

/// <summary>Objects by key, and by further keys that many may share. Not thread-safe; its cache locks.</summary>
internal sealed class Index<T>(Func<T, IReadOnlyList<string>> indexBy)
    where T : class
{
    private readonly Dictionary<string, T> _byKey = [];
    private readonly Dictionary<string, Group> _byIndex = [];
    private IReadOnlyList<T>? _all;
    private IReadOnlyList<IReadOnlyList<T>>? _groups;

    public T? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>The same list as before, where none of its objects changed.</summary>
    public IReadOnlyList<T> Under(string indexKey) => _byIndex.TryGetValue(indexKey, out var found) ? found.List : [];

    /// <summary>All objects, together by their further keys: the same list as before, where nothing changed.</summary>
    public IReadOnlyList<IReadOnlyList<T>> Groups() => _groups ??= [.. _byIndex.Values.Select(g => g.List)];

    /// <summary>The same list as before, where nothing changed.</summary>
    public IReadOnlyList<T> All() => _all ??= [.. _byKey.Values];

    /// <summary>Puts, replaces, or with null removes.</summary>
    public void Put(string key, T? item)
    {
        (_all, _groups) = (null, null);
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

    /// <summary>Most groups have one object, or few: these are kept as a list, which takes a fraction of a dictionary.</summary>
    private sealed class Group
    {
        private const int MaxFew = 8;

        private KeyValuePair<string, T>[] _few = [];
        private Dictionary<string, T>? _many;
        private IReadOnlyList<T>? _list;

        public IReadOnlyList<T> List => _list ??= _many is null ? Array.ConvertAll(_few, e => e.Value) : [.. _many.Values];

        public void Put(string key, T item)
        {
            _list = null;
            if (_many is null && _few.Length == MaxFew && PlaceOf(key) < 0)
            {
                (_many, _few) = (new Dictionary<string, T>(_few), []);
            }

            if (_many is not null)
            {
                _many[key] = item;
            }
            else if (PlaceOf(key) is >= 0 and var place)
            {
                _few[place] = KeyValuePair.Create(key, item);
            }
            else
            {
                _few = [.. _few, KeyValuePair.Create(key, item)];
            }
        }

        /// <summary>Returns whether it is empty now.</summary>
        public bool Remove(string key)
        {
            _list = null;
            if (_many is not null)
            {
                return _many.Remove(key) && _many.Count == 0;
            }

            if (PlaceOf(key) is < 0)
            {
                return false;
            }

            _few = Array.FindAll(_few, e => e.Key != key);
            return _few.Length == 0;
        }

        private int PlaceOf(string key) => Array.FindIndex(_few, e => e.Key == key);
    }
}
