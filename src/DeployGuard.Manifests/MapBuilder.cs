using System.Globalization;
using System.Text.Json.Nodes;

namespace DeployGuard.Manifests;

/// <summary>
/// Builds a YAML mapping as kubectl does: in order, so that a merge overrides earlier keys and later keys override the merge. Other readers
/// give written keys precedence, and would evaluate a different object from the applied one.
/// </summary>
internal sealed class MapBuilder
{
    public const string MergeKey = "<<";

    private readonly HashSet<string> _written = new(StringComparer.Ordinal);

    public JsonObject Content { get; } = [];

    /// <summary>Adds a key and returns its name. A name must not occur twice.</summary>
    /// <exception cref="FormatException">The name occurs twice, or the key is not a plain value.</exception>
    public string AddKey(JsonNode? key)
    {
        var name = key switch
        {
            JsonValue value when value.TryGetValue<string>(out var text) => text,
            JsonValue value when value.TryGetValue<bool>(out var flag) => flag ? "true" : "false",
            JsonValue value when value.TryGetValue<long>(out var whole) => whole.ToString(CultureInfo.InvariantCulture),
            JsonValue value when value.TryGetValue<double>(out var real) => real.ToString("R", CultureInfo.InvariantCulture)
                .Replace('E', 'e'),
            _ => throw new FormatException("a key that is not plain text"),
        };
        return _written.Add(name) ? name : throw new FormatException($"the key \"{name}\" twice");
    }

    public void Set(string name, JsonNode? value) => Content[name] = value;

    /// <summary>Merges the members of a map, or of a list of maps, in which the first map wins.</summary>
    /// <returns>This builder.</returns>
    /// <exception cref="FormatException">It is neither a map nor a list of maps.</exception>
    public MapBuilder Merge(JsonNode? value)
    {
        foreach (var map in value is JsonArray list ? list.Reverse() : [value])
        {
            foreach (
                var (name, member) in map as JsonObject
                    ?? throw new FormatException("a merge key (<<) whose value is neither a map nor a list of maps")
            )
            {
                Content[name] = member?.DeepClone();
            }
        }

        return this;
    }
}
