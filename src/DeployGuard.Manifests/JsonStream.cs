using System.Text;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>Reads concatenated JSON objects, as kubectl does. A YAML reader would reject surrogate pairs in escapes, and tabs.</summary>
internal static class JsonStream
{
    private const int MaxDepth = 64;

    /// <summary>Null if it is not JSON.</summary>
    /// <param name="unusable">Receives each error in an object: a duplicate key or a lone surrogate. The next object is still read.</param>
    public static IReadOnlyList<Manifest>? ReadOrNull(YamlPart part, Action<ManifestException> unusable)
    {
        if (!part.Text.AsSpan().TrimStart().StartsWith("{"))
        {
            return null;
        }

        var bytes = Encoding.UTF8.GetBytes(part.Text);
        return Bounds(bytes) is { } bounds ? [.. bounds.Select(b => ReadOrNull(part, bytes, b, unusable)).OfType<Manifest>()] : null;
    }

    private static List<Range>? Bounds(byte[] bytes)
    {
        var bounds = new List<Range>();
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = MaxDepth });
        try
        {
            while (reader.Read())
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                bounds.Add(start..(int)reader.BytesConsumed);
            }
        }
        catch (JsonException)
        {
            // It is YAML, such as a flow map in braces. The YAML reader reports its errors.
            return null;
        }

        return bounds;
    }

    private static Manifest? ReadOrNull(YamlPart part, byte[] bytes, Range bounds, Action<ManifestException> unusable)
    {
        try
        {
            return Read(part, bytes, bounds);
        }
        catch (ManifestException wrong)
        {
            unusable(wrong);
            return null;
        }
    }

    private static Manifest Read(YamlPart part, byte[] bytes, Range bounds)
    {
        var start = bounds.Start.Value;
        if (TextEscapes.FindLoneSurrogate(bytes.AsSpan(bounds), MaxDepth) is { } half)
        {
            throw new ManifestException(
                $"{part.At(LineAt(bytes, start + (int)half))}: a string with half of a surrogate pair, such as \\ud800 alone; "
                    + "write both halves, such as \\ud83d\\ude00, or remove it"
            );
        }

        if (FindDuplicate(bytes.AsSpan(bounds)) is var (name, at))
        {
            throw new ManifestException($"{part.At(LineAt(bytes, start + (int)at))}: the key \"{name}\" twice");
        }

        var line = LineAt(bytes, start);
        try
        {
            using var document = JsonDocument.Parse(
                bytes.AsMemory(bounds),
                new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth }
            );
            var lines = new FieldLines(
                () => new YamlPart(part.Source, part.FirstLine + line - 1, Encoding.UTF8.GetString(bytes[bounds])),
                0
            );
            return new Manifest(part.PlaceAt(line, lines), document.RootElement.Clone());
        }
        catch (JsonException twice)
        {
            throw new ManifestException($"{part.At(line + (twice.LineNumber ?? 0))}: {twice.Message}", twice);
        }
    }

    /// <summary>The first key that its object has already, and where it is; null if there is none.</summary>
    private static (string Name, long At)? FindDuplicate(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        var open = new Stack<HashSet<string>>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    open.Push(new HashSet<string>(StringComparer.Ordinal));
                    break;
                case JsonTokenType.EndObject:
                    open.Pop();
                    break;
                case JsonTokenType.PropertyName when reader.GetString() is { } name && !open.Peek().Add(name):
                    return (name, reader.TokenStartIndex);
                default:
                    break;
            }
        }

        return null;
    }

    private static int LineAt(byte[] bytes, int place) => 1 + bytes.AsSpan(0, place).Count((byte)'\n');
}
