using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Escapes of JSON that stand for no character: one half of a surrogate pair. The parser takes them, and every reader of the text fails on them
/// later; API servers never send them.
/// </summary>
public static class TextEscapes
{
    /// <summary>Where the first text begins that has such an escape; null if none has.</summary>
    /// <param name="json">In UTF-8.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static long? FindHalfCharacter(ReadOnlySpan<byte> json, int maxDepth)
    {
        // Surrogates are \\uD800 to \\uDFFF; hardly any body has one.
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
        {
            return null;
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped && !IsText(ref reader))
            {
                return reader.TokenStartIndex;
            }
        }

        return null;
    }

    private static bool IsText(ref Utf8JsonReader token)
    {
        try
        {
            token.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            // This is how the reader says that it cannot be made a string.
            return false;
        }
    }
}
