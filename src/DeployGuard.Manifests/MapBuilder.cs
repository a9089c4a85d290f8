using System.Globalization;
using System.Text.Json.Nodes;

namespace DeployGuard.Manifests;

/// <summary>
/// A YAML mapping as kubectl takes it: the keys in their order, where a merge overrides what stands before it and is overridden by what
/// stands behind it. Other readers prefer a written key wherever it stands, so they would evaluate a different object from the applied one.
/// </summary>
internal sealed class MapBuilder
{
    public const string MergeKey = "<<";

    private readonly HashSet<string> _written = new(StringComparer.Ordinal);

    public JsonObject Content { get; } = [];

    /// <summary>The name of a key, which must not have been written before.</summary>
    /// <exception cref="FormatException">It was, or it cannot be the name of a member.</exception>
    public string Claim(JsonNode? key)
    {
        var name = key switch
        {
            JsonValue value when value.TryGetValue<string>(out var text) => text,
            JsonValue value when value.TryGetValue<bool>(out var flag) => flag ? "true" : "false",
            JsonValue value when value.TryGetValue<long>(out var whole) => whole.ToString(CultureInfo.InvariantCulture),
            JsonValue value when value.TryGetValue<double>(out var real) => real.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e'),
            _ => throw new FormatException("a key that is no plain text"),
        };
        return _written.Add(name) ? name : throw new FormatException($"the key \"{name}\" twice");
    }

    public void Set(string name, JsonNode? value) => Content[name] = value;

    /// <summary>Takes over the members of a map, or of a list of maps, of which the first wins.</summary>
    /// <returns>Itself.</returns>
    /// <exception cref="FormatException">It is something else.</exception>
    public MapBuilder Merge(JsonNode? value)
    {
        foreach (var map in value is JsonArray list ? list.Reverse() : [value])
        {
            foreach (var (name, member) in map as JsonObject ?? throw new FormatException("a merge key (<<) whose value is neither a map nor a list of maps"))
            {
                Content[name] = member?.DeepClone();
            }
        }

        return this;
    }
}
