using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace DeployGuard.Core.Workloads;

/// <summary>A map of a few texts, such as labels, in the room of a list: a third of a dictionary's.</summary>
internal sealed class SmallMap(KeyValuePair<string, string>[] entries) : IReadOnlyDictionary<string, string>
{
    /// <summary>With more, a search would take longer than a dictionary's.</summary>
    public const int MaxCount = 12;

    public int Count => entries.Length;

    public IEnumerable<string> Keys => entries.Select(e => e.Key);

    public IEnumerable<string> Values => entries.Select(e => e.Value);

    public string this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"no key {key}");

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        foreach (var entry in entries)
        {
            if (entry.Key == key)
            {
                value = entry.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() =>
        ((IEnumerable<KeyValuePair<string, string>>)entries).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
