using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DeployGuard.Manifests;

/// <summary>
/// Converts YAML to JSON as kubectl does: YAML 1.1 with merge keys, and aliases expanded up to a limit. Duplicate keys, of which kubectl
/// would take the last, and deep nesting are rejected.
/// </summary>
internal sealed class YamlDocuments
{
    private const int MaxDepth = 64;

    private static readonly JsonSerializerOptions s_json = new() { MaxDepth = MaxDepth + 2 };

    private readonly YamlPart _part;
    private readonly BlockScalars _blocks;
    private readonly Parser _parser;
    private Anchors _anchors;

    private YamlDocuments(YamlPart part, BlockScalars blocks)
    {
        (_part, _blocks) = (part, blocks);
        _parser = new Parser(new StringReader(blocks.Text));
        _anchors = new Anchors(MaxDepth);
    }

    /// <summary>Usually one document; more if a document ends with <c>...</c>.</summary>
    /// <exception cref="ManifestException">It is not valid YAML.</exception>
    public static IReadOnlyList<Manifest> Read(YamlPart part)
    {
        try
        {
            return ReadOrRepair(part);
        }
        catch (YamlException wrong)
        {
            throw new ManifestException($"{part.At(wrong.Start.Line)}: not YAML: {wrong.InnerException?.Message ?? wrong.Message}", wrong);
        }
    }

    private static List<Manifest> ReadOrRepair(YamlPart part)
    {
        try
        {
            return new YamlDocuments(part, BlockScalars.AsWritten(part)).Read();
        }
        catch (YamlException) when (BlockScalars.AreSuspect(part))
        {
            return new YamlDocuments(part, BlockScalars.Repair(part)).Read();
        }
    }

    private List<Manifest> Read()
    {
        try
        {
            return ReadAll();
        }
        catch (InvalidOperationException fault) when (fault.TargetSite?.DeclaringType?.Assembly == typeof(Parser).Assembly)
        {
            // The scanner fails on a plain scalar in a flow list or map that begins a line to the left of its surroundings.
            throw new ManifestException(
                $"{_part.At(_parser.Current?.Start.Line ?? 1)}: a list or map in brackets continues below at a column that "
                    + "cannot be read; write it on one line",
                fault
            );
        }
    }

    private List<Manifest> ReadAll()
    {
        var documents = new List<Manifest>();
        var read = 0;
        _parser.Consume<StreamStart>();
        while (_parser.TryConsume<DocumentStart>(out _))
        {
            _anchors = new Anchors(MaxDepth);
            var (line, number) = (_parser.Current?.Start.Line ?? 1, read++);
            if (ReadNode(0) is { } root)
            {
                var place = _part.PlaceAt(line, new FieldLines(() => _part, number));
                documents.Add(new Manifest(place, JsonSerializer.SerializeToElement(root, s_json)));
            }

            _parser.Consume<DocumentEnd>();
        }

        return documents;
    }

    private JsonNode? ReadNode(int depth)
    {
        if (depth > MaxDepth)
        {
            throw Refuse($"nested deeper than {MaxDepth}");
        }

        if (_parser.Current is AnchorAlias alias)
        {
            var written = WithLine(() => _anchors.Expand(alias.Value.Value, depth));
            _parser.MoveNext();
            return written;
        }

        var anchor = _parser.Current is NodeEvent { Anchor: { IsEmpty: false, Value: var name } } ? name : null;
        var node = _parser.Current switch
        {
            Scalar => ReadScalar(_parser.Consume<Scalar>()),
            SequenceStart => ReadList(depth),
            MappingStart => ReadMap(depth),
            var other => throw Refuse($"{other?.GetType().Name ?? "the end"} where a value was expected"),
        };
        if (anchor is not null)
        {
            _anchors.Define(anchor, node);
        }

        return node;
    }

    private JsonNode? ReadScalar(Scalar scalar) =>
        WithLine(
            () =>
                YamlScalar.Read(
                    _blocks.ContentOf(scalar),
                    scalar is { Style: ScalarStyle.Plain, IsPlainImplicit: true },
                    scalar.Tag.IsEmpty ? "" : scalar.Tag.Value
                ),
            scalar.Start.Line
        );

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
        var map = new MapBuilder();
        _parser.Consume<MappingStart>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var at = _parser.Current;
            var isMerge = at is Scalar { Style: ScalarStyle.Plain, IsPlainImplicit: true, Value: MapBuilder.MergeKey };
            if (at is not (Scalar or AnchorAlias))
            {
                throw Refuse("a key that is not plain text");
            }

            var key = ReadNode(depth + 1);
            var start = at.Start.Line;
            if (isMerge)
            {
                var value = ReadNode(depth + 1);
                WithLine(() => map.Merge(value), start);
            }
            else
            {
                var name = WithLine(() => map.AddKey(key), start);
                map.Set(name, ReadNode(depth + 1));
            }
        }

        return map.Content;
    }

    /// <summary>Adds the line to an error.</summary>
    private T WithLine<T>(Func<T> use, long? line = null)
    {
        var at = line ?? _parser.Current?.Start.Line ?? 1;
        try
        {
            return use();
        }
        catch (FormatException wrong)
        {
            throw new ManifestException($"{_part.At(at)}: {wrong.Message}", wrong);
        }
    }

    private ManifestException Refuse(string what) => new($"{_part.At(_parser.Current?.Start.Line ?? 1)}: {what}");
}
