using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace DeployGuard.Manifests;

/// <summary>The line of every field of a document. The text is read a second time, and only when a message needs a line.</summary>
internal sealed class FieldLines
{
    public static readonly FieldLines None = new(() => []);

    private readonly Lazy<Dictionary<string, long>> _lines;

    /// <param name="document">Its number among the documents of the part, from 0.</param>
    public FieldLines(Func<YamlPart> part, int document)
        : this(() => Read(part(), document)) { }

    private FieldLines(Func<Dictionary<string, long>> read) => _lines = new Lazy<Dictionary<string, long>>(read);

    /// <summary>The line of the field or, if it is absent, of the closest one around it; null if none is known.</summary>
    public long? Find(string path)
    {
        for (var field = path; field.Length > 0; field = field[..Math.Max(0, field.LastIndexOfAny(['.', '[']))])
        {
            if (_lines.Value.TryGetValue(field, out var line))
            {
                return line;
            }
        }

        return null;
    }

    private static Dictionary<string, long> Read(YamlPart part, int document)
    {
        var lines = new Dictionary<string, long>(StringComparer.Ordinal);
        try
        {
            var parser = new Parser(new StringReader(part.Text));
            parser.Consume<StreamStart>();
            for (var skipped = 0; skipped < document; skipped++)
            {
                parser.SkipThisAndNestedEvents();
            }

            parser.Consume<DocumentStart>();
            ReadNode(parser, "", lines, part.FirstLine - 1);
        }
        catch (Exception fault) when (fault is YamlException or InvalidOperationException)
        {
            // The document was repaired, or is JSON that the YAML parser does not take. The lines up to here are right.
        }

        return lines;
    }

    /// <summary>Recursion is bounded, because a document that is nested too deeply was refused before.</summary>
    private static void ReadNode(Parser parser, string path, Dictionary<string, long> lines, long before)
    {
        if (parser.TryConsume<MappingStart>(out _))
        {
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var line = parser.Current?.Start.Line ?? 0;
                var key = parser.Current is Scalar scalar ? scalar.Value : "";
                parser.SkipThisAndNestedEvents();
                ReadField(parser, path.Length == 0 ? key : $"{path}.{key}", line, lines, before);
            }
        }
        else if (parser.TryConsume<SequenceStart>(out _))
        {
            for (var i = 0; !parser.TryConsume<SequenceEnd>(out _); i++)
            {
                ReadField(parser, $"{path}[{i}]", parser.Current?.Start.Line ?? 0, lines, before);
            }
        }
        else
        {
            parser.SkipThisAndNestedEvents();
        }
    }

    private static void ReadField(Parser parser, string path, long line, Dictionary<string, long> lines, long before)
    {
        lines.TryAdd(path, before + line);
        ReadNode(parser, path, lines, before);
    }
}
