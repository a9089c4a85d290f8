using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

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

    /// <summary>Whether a JSON object has these entries in this order, and no others.</summary>
    /// <param name="without">A key that does not count; empty for none.</param>
    public bool IsIn(JsonElement map, string without)
    {
        var at = 0;
        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind is not JsonValueKind.String)
            {
                return false;
            }

            if (without.Length > 0 && entry.NameEquals(without))
            {
                continue;
            }

            if (at == entries.Length || !entry.NameEquals(entries[at].Key) || !entry.Value.ValueEquals(entries[at].Value))
            {
                return false;
            }

            at++;
        }

        return at == entries.Length;
    }

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
