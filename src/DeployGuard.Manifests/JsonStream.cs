using System.Text;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>
/// JSON objects, one after another, as kubectl takes them. They are not read as YAML: that knows no pairs of escapes for one character, and
/// no tabs.
/// </summary>
internal static class JsonStream
{
    private const int MaxDepth = 64;

    /// <summary>Null where it is not JSON.</summary>
    /// <param name="unusable">
    /// Gets what is wrong with an object: a key that is there twice, or half a character. The next is read all the same.
    /// </param>
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
            // YAML, such as a map in braces; what is wrong with it, its own reader says.
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
        if (TextEscapes.FindHalfCharacter(bytes.AsSpan(bounds), MaxDepth) is { } half)
        {
            throw new ManifestException(
                $"{part.At(LineAt(bytes, start + (int)half))}: a text with half a character in it, as \\ud800 is alone; write both halves, such as \\ud83d\\ude00, or take it out");
        }

        var line = LineAt(bytes, start);
        try
        {
            using var document = JsonDocument.Parse(bytes.AsMemory(bounds), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = MaxDepth });
            return new Manifest(part.At(line), document.RootElement.Clone());
        }
        catch (JsonException twice)
        {
            throw new ManifestException($"{part.At(line + (twice.LineNumber ?? 0))}: {twice.Message}", twice);
        }
    }

    private static int LineAt(byte[] bytes, int place) => 1 + bytes.AsSpan(0, place).Count((byte)'\n');
}
