using System.Text.Json.Nodes;

namespace DeployGuard.Manifests;

/// <summary>
/// The anchors of one document. Aliases are expanded, as kubectl does. Nested aliases grow exponentially, so the expanded size is limited
/// to about the size that an API server accepts.
/// </summary>
internal sealed class Anchors(int maxDepth)
{
    private const int MaxAdded = 3 * 1024 * 1024;

    // Size of a node in addition to its text.
    private const int NodeWeight = 16;

    private readonly Dictionary<string, Anchor> _anchors = new(StringComparer.Ordinal);
    private int _added;

    /// <summary>The last anchor of a name counts.</summary>
    public void Define(string name, JsonNode? node) => _anchors[name] = Anchor.Of(node);

    /// <param name="depth">Nesting depth of the alias.</param>
    /// <exception cref="FormatException">There is no such anchor before the alias, or the expanded document grows too large.</exception>
    public JsonNode? Expand(string name, int depth)
    {
        if (!_anchors.TryGetValue(name, out var anchor))
        {
            throw new FormatException($"the alias *{name} stands before its anchor, or within it; write the value out");
        }

        _added += anchor.Weight;
        if (_added > MaxAdded || depth + anchor.Height > maxDepth)
        {
            throw new FormatException(
                depth + anchor.Height > maxDepth
                    ? $"nested deeper than {maxDepth} with the alias *{name} written out"
                    : $"larger than {MaxAdded / 1024 / 1024} MiB with its aliases written out; split the document, or use fewer aliases"
            );
        }

        return anchor.Node?.DeepClone();
    }

    private sealed record Anchor(JsonNode? Node, int Weight, int Height)
    {
        public static Anchor Of(JsonNode? node)
        {
            var (weight, height) = Measure(node);
            return new Anchor(node, weight, height);
        }

        /// <summary>Sums cannot overflow: the sizes of the document and of its aliases are limited.</summary>
        private static (int Weight, int Height) Measure(JsonNode? node)
        {
            var children = node switch
            {
                JsonObject map => map.Select(m => (Name: m.Key.Length, Child: Measure(m.Value))),
                JsonArray list => list.Select(item => (Name: 0, Child: Measure(item))),
                _ => [],
            };
            var own = NodeWeight + (node is JsonValue value && value.TryGetValue<string>(out var text) ? text.Length : 0);
            return children.Aggregate(
                (Weight: own, Height: 0),
                (sum, c) => (sum.Weight + c.Name + c.Child.Weight, Math.Max(sum.Height, c.Child.Height + 1))
            );
        }
    }
}
