using System.Collections.Concurrent;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>Labels, or a selector over them. Equal sets are the same object, so that a million steps compare them by reference.</summary>
internal sealed class TagSet
{
    private static readonly ConcurrentDictionary<string, TagSet> s_known = new(StringComparer.Ordinal);

    public static readonly TagSet None = Of([]);

    private TagSet(string text, IReadOnlyDictionary<string, string> map) => (Text, Map) = (text, map);

    public string Text { get; }

    public IReadOnlyDictionary<string, string> Map { get; }

    public static TagSet Of(IEnumerable<KeyValuePair<string, string>> tags)
    {
        var sorted = tags.OrderBy(t => t.Key, StringComparer.Ordinal).ToList();
        var text = string.Join(',', sorted.Select(t => $"{t.Key}={t.Value}"));
        return s_known.TryGetValue(text, out var known)
            ? known
            : s_known.GetOrAdd(text, new TagSet(text, sorted.ToDictionary(StringComparer.Ordinal)));
    }

    public string? this[string key] => Map.GetValueOrDefault(key);

    public TagSet With(string key, string value) => Of(Map.Where(t => t.Key != key).Append(KeyValuePair.Create(key, value)));

    public TagSet Without(string key) => Map.ContainsKey(key) ? Of(Map.Where(t => t.Key != key)) : this;

    /// <summary>An empty selector selects nothing.</summary>
    public bool Selects(TagSet labels)
    {
        foreach (var (key, value) in Map)
        {
            if (!labels.Map.TryGetValue(key, out var found) || found != value)
            {
                return false;
            }
        }

        return Map.Count > 0;
    }

    public override string ToString() => $"{{{Text}}}";
}
