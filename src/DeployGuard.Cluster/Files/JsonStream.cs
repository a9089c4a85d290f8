using System.Text;
using System.Text.Json;

namespace DeployGuard.Cluster.Files;

/// <summary>
/// JSON objects, one after another, as kubectl takes them. They are not read as YAML: that knows no pairs of escapes for one character, and
/// no tabs.
/// </summary>
internal static class JsonStream
{
    private const int MostDepth = 64;

    /// <summary>Null where it is not JSON.</summary>
    /// <exception cref="ManifestException">It is, with a key that is there twice.</exception>
    public static IReadOnlyList<Manifest>? ReadOrNull(YamlPart part)
    {
        if (!part.Text.AsSpan().TrimStart().StartsWith("{"))
        {
            return null;
        }

        var bytes = Encoding.UTF8.GetBytes(part.Text);
        return Bounds(bytes) is { } bounds ? [.. bounds.Select(b => Read(part, bytes, b))] : null;
    }

    private static List<Range>? Bounds(byte[] bytes)
    {
        var bounds = new List<Range>();
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = MostDepth });
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
            // YAML, such as a map in braces; what is wrong with it, its own reader says.
            return null;
        }

        return bounds;
    }

    private static Manifest Read(YamlPart part, byte[] bytes, Range bounds)
    {
        var line = 1 + bytes.AsSpan(0, bounds.Start.Value).Count((byte)'\n');
        try
        {
            using var document = JsonDocument.Parse(bytes.AsMemory(bounds), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MostDepth });
            return new Manifest(part.At(line), document.RootElement.Clone());
        }
        catch (JsonException twice)
        {
            throw new ManifestException($"{part.At(line + (twice.LineNumber ?? 0))}: {twice.Message}", twice);
        }
    }
}
