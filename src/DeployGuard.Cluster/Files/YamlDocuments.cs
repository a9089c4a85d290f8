using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DeployGuard.Cluster.Files;

/// <summary>
/// Turns YAML (and with it JSON) into JSON, from the parser's events. Anchors and aliases are refused: expanding them is
/// exponential. So are duplicate keys, merge keys and great depth.
/// </summary>
internal sealed class YamlDocuments(string source, TextReader text)
{
    private const int MostDepth = 64;

    private readonly Parser _parser = new(text);

    /// <exception cref="ManifestException">It is not YAML that can be judged.</exception>
    public IEnumerable<Manifest> Read()
    {
        var documents = new List<Manifest>();
        try
        {
            _parser.Consume<StreamStart>();
            while (_parser.Accept<DocumentStart>(out _))
            {
                _parser.Consume<DocumentStart>();
                var line = _parser.Current?.Start.Line ?? 0;
                if (ReadNode(0) is { } root)
                {
                    documents.Add(new Manifest($"{source}:{line}", JsonSerializer.SerializeToElement(root)));
                }

                _parser.Consume<DocumentEnd>();
            }
        }
        catch (YamlException wrong)
        {
            throw new ManifestException($"{source}:{wrong.Start.Line}: not YAML: {wrong.InnerException?.Message ?? wrong.Message}", wrong);
        }

        return documents;
    }

    private JsonNode? ReadNode(int depth)
    {
        if (depth > MostDepth)
        {
            throw Refuse($"nested deeper than {MostDepth}");
        }

        return _parser.Current switch
        {
            AnchorAlias => throw Refuse("an alias; write the value out"),
            NodeEvent { Anchor.IsEmpty: false } => throw Refuse("an anchor; write the value out where it is used"),
            Scalar => ReadScalar(_parser.Consume<Scalar>()),
            SequenceStart => ReadList(depth),
            MappingStart => ReadMap(depth),
            var other => throw Refuse($"{other?.GetType().Name ?? "the end"} where a value was expected"),
        };
    }

    private static JsonNode? ReadScalar(Scalar scalar) =>
        scalar is { Style: ScalarStyle.Plain, IsPlainImplicit: true } ? YamlScalar.Resolve(scalar.Value) : JsonValue.Create(scalar.Value);

    private JsonArray ReadList(int depth)
    {
        var list = new JsonArray();
        _parser.Consume<SequenceStart>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            list.Add(ReadNode(depth + 1));
        }

        return list;
    }

    private JsonObject ReadMap(int depth)
    {
        var map = new JsonObject();
        _parser.Consume<MappingStart>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (_parser.Current is not Scalar { Anchor.IsEmpty: true } key)
            {
                throw Refuse("a key that is no plain text");
            }

            if (key.Value == "<<")
            {
                throw Refuse("a merge key; write the fields out");
            }

            if (map.ContainsKey(key.Value))
            {
                throw Refuse($"the key \"{key.Value}\" twice");
            }

            _parser.MoveNext();
            map[key.Value] = ReadNode(depth + 1);
        }

        return map;
    }

    private ManifestException Refuse(string what) => new($"{source}:{_parser.Current?.Start.Line}: {what}");
}
