using System.Text.Json.Nodes;

namespace DeployGuard.Manifests;

/// <summary>
/// The anchors of one document, and what their aliases come to. Every alias is written out, as kubectl sends it, and aliases of aliases
/// grow exponentially: what they add is bounded by what an API server would take.
/// </summary>
internal sealed class Anchors(int mostDepth)
{
    private const int MaxAdded = 3 * 1024 * 1024;

    // What a node weighs beside its text.
    private const int NodeWeight = 16;

    private readonly Dictionary<string, Anchor> _anchors = new(StringComparer.Ordinal);
    private int _added;

    /// <summary>The last one of a name counts.</summary>
    public void Define(string name, JsonNode? node) => _anchors[name] = Anchor.Of(node);

    /// <param name="depth">Where the alias stands.</param>
    /// <exception cref="FormatException">There is no such anchor before it, or it grows too large.</exception>
    public JsonNode? WriteOut(string name, int depth)
    {
        if (!_anchors.TryGetValue(name, out var anchor))
        {
            throw new FormatException($"the alias *{name} stands before its anchor, or within it; write the value out");
        }

        _added += anchor.Weight;
        if (_added > MaxAdded || depth + anchor.Height > mostDepth)
        {
            throw new FormatException(depth + anchor.Height > mostDepth
                ? $"nested deeper than {mostDepth} with the alias *{name} written out"
                : $"larger than {MaxAdded / 1024 / 1024} MiB with its aliases written out; split the document, or use fewer aliases");
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

        /// <summary>Weights are bounded by the document's size and by what its aliases may add.</summary>
        private static (int Weight, int Height) Measure(JsonNode? node)
        {
            var children = node switch
            {
                JsonObject map => map.Select(m => (Name: m.Key.Length, Child: Measure(m.Value))),
                JsonArray list => list.Select(item => (Name: 0, Child: Measure(item))),
                _ => [],
            };
            var own = NodeWeight + (node is JsonValue value && value.TryGetValue<string>(out var text) ? text.Length : 0);
            return children.Aggregate((Weight: own, Height: 0), (sum, c) => (sum.Weight + c.Name + c.Child.Weight, Math.Max(sum.Height, c.Child.Height + 1)));
        }
    }
}
