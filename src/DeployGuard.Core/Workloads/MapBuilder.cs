namespace DeployGuard.Core.Workloads;

/// <summary>Collects a map of texts: a list for a few, a dictionary for more. Of two values for a key, the last one counts.</summary>
internal struct MapBuilder(int count)
{
    private readonly KeyValuePair<string, string>[]? _few = count > SmallMap.MaxCount ? null : new KeyValuePair<string, string>[count];
    private readonly Dictionary<string, string>? _many = count > SmallMap.MaxCount ? new(count, StringComparer.Ordinal) : null;
    private int _put;

    public void Put(string key, string value)
    {
        if (_few is null)
        {
            Many[key] = value;
            return;
        }

        var place = 0;
        while (place < _put && _few[place].Key != key)
        {
            place++;
        }

        _few[place] = KeyValuePair.Create(key, value);
        _put = Math.Max(_put, place + 1);
    }

    public readonly IReadOnlyDictionary<string, string> Map() =>
        _few is null ? Many
        : _put == 0 ? Maps.Empty
        : new SmallMap(_put == _few.Length ? _few : _few[.._put]);

    private readonly Dictionary<string, string> Many => _many ?? throw new InvalidOperationException("a few entries");
}
